import { useEffect, useState } from 'react';
import type { DatasetAnswer, DatasetsAnswer } from '../../../api.ts';
import { connect, useLive, useTableNames } from '../api/live.ts';
import { useAnswer } from '../api/use-answer.ts';
import { EntitiesView } from '../entities/entities-view.tsx';
import { EntityView } from '../entities/entity-view.tsx';
import { LakeView } from '../lake/lake-view.tsx';
import { LiveView } from '../live/live-view.tsx';
import { OverviewView } from '../overview/overview-view.tsx';
import { PipelineView } from '../pipeline/pipeline-view.tsx';
import { ReportsView } from '../reports/reports-view.tsx';
import { Datasets, viewsOf } from './datasets.tsx';
import { ProblemNote, ServerLost } from './problem-note.tsx';
import { Link, usePlace } from './route.tsx';
import { applyTheme, storedTheme, type Theme } from './theme.ts';

/** The whole page: navigation above, one view below. */
export function App() {
  const { path } = usePlace();
  const { answer: dataset, problem, again } = useAnswer<DatasetAnswer>('/api/dataset', useTableNames());
  const { answer: all } = useAnswer<DatasetsAnswer>('/api/datasets');
  const shown = all?.datasets.find(({ name }) => name === dataset?.name);
  const views = shown ? viewsOf(shown) : [];
  const current = views.find((view) => (view.path === '/' ? path === '/' : path.startsWith(view.path)));
  const title = current?.name ?? (shown ? 'Not found' : '');
  const lost = useLive((live) => live.lost);
  useEffect(connect, []);
  useEffect(() => {
    document.title = title ? `${title} · eventlake` : 'eventlake';
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
        </Link>
        {all && dataset && <Datasets datasets={all.datasets} shown={dataset.name} />}
        <nav aria-label="Views">
          {views.map((view) => (
            <Link key={view.path} href={view.path} aria-current={view === current ? 'page' : undefined}>
              {view.name}
            </Link>
          ))}
        </nav>
        <Connection />
        <ThemeSwitch />
      </header>
      <main id="main" tabIndex={-1}>
        {lost && <ServerLost problem={lost} />}
        {problem && <ProblemNote problem={problem} again={again} />}
        {dataset && <View path={path} dataset={dataset} />}
      </main>
      <footer>All times are UTC. Nothing here changes the data.</footer>
    </>
  );
}

function View({ path, dataset }: { path: string; dataset: DatasetAnswer }) {
  const id = /^\/entities\/([^/]+)$/.exec(path)?.[1];
  if (id !== undefined) return <EntityView id={decoded(id)} dataset={dataset} />;
  if (path === '/entities') return <EntitiesView dataset={dataset} />;
  if (path === '/reports') return <ReportsView />;
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

/** What is no valid encoding stands for itself: there is no such entity. */
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
