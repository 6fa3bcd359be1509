import type { DatasetAnswer, OverviewAnswer, SpendAnswer, ValuesAnswer } from '../../../api.ts';
import { withQuery } from '../api/ask.ts';
import { useLive } from '../api/live.ts';
import { useAnswer } from '../api/use-answer.ts';
import { EmptyLake, isLakeMissing } from '../app/empty-lake.tsx';
import { capitalized, grouped, money, share, words } from '../app/format.ts';
import { Panel } from '../app/panel.tsx';
import { setQuery, usePlace } from '../app/route.tsx';
import { Bars } from '../charts/bars.tsx';
import { Histogram } from '../charts/histogram.tsx';
import { rangeBefore, rangeProblem } from './date-range.ts';
import { Days } from './days.tsx';
import { type Filter, Filters, filterOf } from './filters.tsx';
import { Funnel } from './funnel.tsx';
import { Numbers } from './numbers.tsx';

/**
 * What happened in the shop: numbers, funnel, days, segments, spending, categories and brands, all under one
 * filter.
 */
export function OverviewView({ dataset }: { dataset: DatasetAnswer }) {
  const filter = filterOf(usePlace().query);
  const turn = useLive(({ overview, reconnections }) => `${reconnections} ${overview}`);
  const whole = useAnswer<OverviewAnswer>('/api/overview', turn);
  const isEmpty = isLakeMissing(whole.problem) || whole.answer?.events === 0;
  return (
    <>
      <h1>Overview</h1>
      {dataset.description && <p className="hint">{dataset.description}</p>}
      {isEmpty ? (
        <EmptyLake />
      ) : (
        <Filters dataset={dataset} filter={filter} whole={whole.answer} turn={turn} />
      )}
      {!isEmpty && rangeProblem(filter.from, filter.to) === null && (
        <Panels dataset={dataset} filter={filter} whole={whole.answer} turn={turn} />
      )}
    </>
  );
}

/** The same each time, so that charts are not drawn again. */
const NO_STEPS: string[] = [];

interface PanelsProps {
  readonly dataset: DatasetAnswer;
  readonly filter: Filter;
  /** The overview without a filter. */
  readonly whole: OverviewAnswer | null;
  readonly turn: string;
}

/** The numbers and charts of what the filter lets through. */
function Panels({ dataset, filter, whole, turn }: PanelsProps) {
  const { overview: roles, entity } = dataset;
  const overview = useAnswer<OverviewAnswer>(withQuery('/api/overview', filter), turn);
  const [first, last] = [whole?.first?.slice(0, 10), whole?.last?.slice(0, 10)];
  const range = first && last ? rangeBefore(filter, { from: first, to: last }) : null;
  const before = useAnswer<OverviewAnswer>(
    range && withQuery('/api/overview', { ...filter, ...range }),
    turn,
  );
  const bySegment = useAnswer<OverviewAnswer>(withQuery('/api/overview', { ...filter, segment: null }), turn);
  const spend = useAnswer<SpendAnswer>(roles?.amount ? withQuery('/api/overview/spend', filter) : null, turn);
  return (
    <>
      <Numbers
        entities={entity.plural}
        loaded={overview}
        hasAmount={Boolean(roles?.amount)}
        currency={roles?.currency}
        range={range}
        hasEntities={hasEntities(dataset, whole)}
        before={range && !before.loading && !overview.loading ? before.answer : null}
      />
      <div className="panels">
        <Days filter={filter} turn={turn} funnel={roles?.funnel ?? NO_STEPS} />
        {roles?.type && roles.funnel.length > 0 && <Funnel entities={entity.plural} loaded={overview} />}
        {roles?.segment && (
          <Panel
            title="Segments"
            hint={`${capitalized(entity.plural)} with a matching event, by what they have become`}
            loaded={bySegment}
          >
            {({ segments, entities }) => (
              <Bars
                unit={entity.plural}
                chosen={filter.segment}
                onChoose={(segment) => setQuery({ segment })}
                bars={segments.map((item) => ({
                  label: words(item.segment),
                  value: item.entities,
                  note: share(item.entities, entities),
                  filter: item.segment,
                  detail: `${grouped(item.buyers)} buyers, ${money(item.revenue, roles.currency)} spent`,
                }))}
              />
            )}
          </Panel>
        )}
        {roles?.category && (
          <Values
            entities={entity.plural}
            currency={roles.currency}
            title="Top categories"
            name="category"
            path="categories"
            filter={filter}
            turn={turn}
          />
        )}
        {roles?.brand && (
          <Values
            entities={entity.plural}
            currency={roles.currency}
            title="Top brands"
            name="brand"
            path="brands"
            filter={filter}
            turn={turn}
          />
        )}
        {roles?.amount && (
          <Panel
            title="Spend distribution"
            hint={`Buyers by the money that they spent${roles.currency ? `, in ${roles.currency}` : ''}: at least the amount below a column, and less than the next`}
            loaded={spend}
            lines={10}
            wide
          >
            {({ buckets }) => (
              <Histogram
                unit="buyers"
                columns={buckets.map(({ from, to, entities }) => ({
                  label: to === null ? `${plain(from)} and more` : `${plain(from)} to ${plain(to)}`,
                  short: compact(from),
                  values: [entities],
                }))}
              />
            )}
          </Panel>
        )}
      </div>
    </>
  );
}

/** Without profiles, the key may identify the event, such as a message: then each has one of its own. */
function hasEntities({ model }: DatasetAnswer, whole: OverviewAnswer | null): boolean {
  return model !== null || (whole !== null && whole.entities !== whole.events - whole.duplicates);
}

interface ValuesProps {
  readonly title: string;
  readonly name: 'category' | 'brand';
  readonly path: string;
  readonly filter: Filter;
  readonly turn: string;
  readonly entities: string;
  readonly currency: string | null;
}

/**
 * The values that a choice can be made of stay when one is chosen, so that another may be: all filters narrow
 * them but their own.
 */
function Values({ title, name, path, filter, turn, entities, currency }: ValuesProps) {
  const others = { ...filter, [name]: null };
  const loaded = useAnswer<ValuesAnswer>(
    withQuery(`/api/overview/${path}`, { ...others, limit: '10' }),
    turn,
  );
  return (
    <Panel title={title} hint="By number of distinct events" loaded={loaded} lines={8}>
      {({ items, others }) => (
        <>
          <Bars
            unit="events"
            chosen={filter[name]}
            onChoose={(value) => setQuery({ [name]: value })}
            bars={items.map((item) => ({
              label: item.value ?? `no ${name}`,
              value: item.events,
              detail: `${grouped(item.entities)} ${entities}, ${grouped(item.purchases)} purchases, ${money(item.revenue, currency)} spent`,
              filter: item.value ?? '',
            }))}
          />
          {others && (
            <p className="hint">
              {grouped(others.values)} more, with {grouped(others.events)} events
            </p>
          )}
        </>
      )}
    </Panel>
  );
}

/** `5k` of 5000.00, where there is little room. */
function compact(money: string): string {
  return new Intl.NumberFormat('en', { notation: 'compact' }).format(Number(money)).toLowerCase();
}

function plain(money: string): string {
  return grouped(money.replace(/\.00$/, ''));
}
