import { useEffect, useState } from 'react';
import type { DatasetAnswer } from '../../../api.ts';
import { connect, useLive } from '../api/live.ts';
import { useAnswer } from '../api/use-answer.ts';
import { CustomerView } from '../customers/customer-view.tsx';
import { CustomersView } from '../customers/customers-view.tsx';
import { LakeView } from '../lake/lake-view.tsx';
import { LiveView } from '../live/live-view.tsx';
import { OverviewView } from '../overview/overview-view.tsx';
import { PipelineView } from '../pipeline/pipeline-view.tsx';
import { capitalized } from './format.ts';
import { ProblemNote } from './problem-note.tsx';
import { Link, usePlace } from './route.tsx';
import { applyTheme, storedTheme, type Theme } from './theme.ts';

/** The views; until the dataset is known, that of its entities has no name. */
function viewsOf(dataset: DatasetAnswer | null) {
  return [
    { path: '/', name: 'Overview' },
    { path: '/customers', name: capitalized(dataset?.entity.plural ?? '') },
    { path: '/pipeline', name: 'Pipeline' },
    { path: '/lake', name: 'Lake' },
    ...(dataset?.live ? [{ path: '/live', name: 'Live' }] : []),
  ];
}

/** The whole page: navigation above, one view below. */
export function App() {
  const { path } = usePlace();
  const { answer: dataset, problem, again } = useAnswer<DatasetAnswer>('/api/dataset');
  const views = viewsOf(dataset);
  const current = views.find((view) => view.path !== '/' && path.startsWith(view.path)) ?? views[0];
  const title = path === '/' || current?.path !== '/' ? (current?.name ?? '') : 'Not found';
  useEffect(connect, []);
  useEffect(() => {
    document.title = `${title} · eventlake`;
  }, [title]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link href="/" className="brand">
          <img src="/icon.svg" alt="" width="26" height="26" />
          <span>eventlake</span>
          {dataset && <span className="dataset">{dataset.name}</span>}
        </Link>
        <nav aria-label="Views">
          {views.map((view) => (
            <Link
              key={view.path}
              href={view.path}
              aria-current={view.path === current?.path && title !== 'Not found' ? 'page' : undefined}
            >
              {view.name}
            </Link>
          ))}
        </nav>
        <Connection />
        <ThemeSwitch />
      </header>
      <main id="main" tabIndex={-1}>
        {problem && <ProblemNote problem={problem} again={again} />}
        {dataset && <View path={path} dataset={dataset} />}
      </main>
      <footer>All times are UTC. Nothing here changes the data.</footer>
    </>
  );
}

function View({ path, dataset }: { path: string; dataset: DatasetAnswer }) {
  const id = /^\/customers\/([^/]+)$/.exec(path)?.[1];
  if (id !== undefined) return <CustomerView id={decoded(id)} dataset={dataset} />;
  if (path === '/customers') return <CustomersView dataset={dataset} />;
  if (path === '/pipeline') return <PipelineView dataset={dataset} />;
  if (path === '/lake') return <LakeView />;
  if (path === '/live') return <LiveView dataset={dataset} />;
  if (path === '/') return <OverviewView dataset={dataset} />;
  return (
    <div className="note">
      <h1>There is no such page</h1>
      <p>
        Nothing is at <code>{path}</code>. <Link href="/">Go to the overview</Link>
      </p>
    </div>
  );
}

/** What is no valid encoding stands for itself: there is no such customer. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether what is shown follows the server. */
function Connection() {
  const isConnected = useLive((live) => live.isConnected);
  return (
    <span className={isConnected ? 'connection live' : 'connection'} role="status">
      {isConnected ? 'live' : 'connecting …'}
    </span>
  );
}

function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  const choose = (chosen: Theme) => {
    applyTheme(chosen);
    setTheme(chosen);
  };
  return (
    <label className="theme">
      <span className="hidden">Theme</span>
      <select value={theme} onChange={(event) => choose(event.target.value as Theme)}>
        <option value="auto">Auto</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
