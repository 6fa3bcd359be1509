/**
 * Draws a dataset's dashboard from its index:
 * `ELASTICSEARCH_URL=… node config/kibana/render.ts config/datasets/<name> docs/images/kibana-dashboard.svg`.
 * Every panel makes the search that Kibana makes for it; the drawing is this script's own.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventlakeError, UsageError } from '../../core/errors.ts';
import { readSettings } from '../settings.ts';
import { lensRequest, type PanelRequest, type SearchAnswer, sessionRequest } from './panel-request.ts';
import { type Content, dashboardPicture } from './picture.ts';
import { publishedAs } from './published-as.ts';
import { type DashboardPanel, savedObjects } from './saved-objects.ts';
import { readSource } from './source.ts';

const [folder, file] = process.argv.slice(2);
const { elasticsearch } = readSettings(process.env);
if (!folder || !file || !elasticsearch) {
  throw new UsageError(
    'dashboard:usage',
    'Set ELASTICSEARCH_URL, and name the folder of the dataset and the file to write.',
  );
}
const { url, login } = elasticsearch;
const index = elasticsearch.index ?? (await publishedAs(folder));

const source = await readSource(join(folder, 'kibana.yml'));
const objects = savedObjects(source, index);
const selection = { timeField: source.dataView.timeField, ...source.dashboard.time, chosen: {} };
const contents = new Map<string, Content>();
for (const panel of panels()) {
  const lens = panel.embeddableConfig.attributes;
  if (lens) {
    contents.set(panel.panelIndex, { lens, shown: await search(lensRequest(lens, selection)) });
  } else {
    const session = objects.find(({ id }) => id.endsWith(`-${panel.panelIndex}`));
    contents.set(panel.panelIndex, {
      rows: await search(sessionRequest(session?.attributes ?? {}, selection)),
    });
  }
}
await writeFile(file, dashboardPicture(source, contents));

function panels(): DashboardPanel[] {
  const dashboard = objects.find(({ type }) => type === 'dashboard');
  return JSON.parse(String(dashboard?.attributes.panelsJSON));
}

async function search<Shown>({ body, read }: PanelRequest<Shown>): Promise<Shown> {
  const response = await fetch(`${url.replace(/\/$/, '')}/${index}/_search`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(login && { authorization: `Basic ${btoa(`${login.username}:${login.password}`)}` }),
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as SearchAnswer & { error?: { reason?: string } };
  if (!response.ok) {
    throw new EventlakeError(
      'dashboard:search',
      `Elasticsearch answered ${response.status}: ${answer.error?.reason}`,
    );
  }
  return read(answer);
}
