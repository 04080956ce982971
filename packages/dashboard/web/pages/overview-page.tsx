import type { LoadHistory, TargetCard } from '@millrace/core';
import { computed, signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { count, formatAgo, formatNumber, formatShort, sentence, showText } from '../parts/format.ts';
import { RowsChart } from '../parts/rows-chart.tsx';
import { Freshness, nextText, StateMark } from '../parts/state-mark.tsx';
import { EmptyState, LoadingState } from '../parts/states.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { api } from '../state/api.ts';
import { board, cards, now, targets } from '../state/live.ts';
import { hrefOf } from '../state/router.ts';
import { useAnswer } from '../state/use-answer.ts';

type Filter = 'all' | 'trouble' | 'busy';
const search = signal('');
const filter = signal<Filter>('all');

/** What somebody has to look at first. */
const RANK: Readonly<Record<TargetCard['health'], number>> = {
  held: 0,
  late: 1,
  paused: 2,
  'waiting-out': 3,
  fresh: 4,
};

const isTroubled = (card: TargetCard): boolean => card.health !== 'fresh' || card.quarantined > 0;
const isBusy = (card: TargetCard): boolean => card.waiting + card.loading > 0;

const shown = computed(() => {
  const text = search.value.trim().toLowerCase();
  return targets.value
    .filter((card) => text === '' || card.target.toLowerCase().includes(text))
    .filter((card) => filter.value === 'all' || (filter.value === 'busy' ? isBusy(card) : isTroubled(card)))
    .sort(
      (a, b) =>
        RANK[a.health] - RANK[b.health] ||
        Number(b.quarantined > 0) - Number(a.quarantined > 0) ||
        (a.target < b.target ? -1 : 1),
    );
});

export function OverviewPage() {
  if (board.value === undefined) return <LoadingState rows={6} />;
  const all = targets.value;
  return (
    <>
      <h1 class="visually-hidden">Overview</h1>
      <Figures />
      <div class="overview-charts">
        <RowsPerMinute />
        <section class="card" aria-labelledby="timeline-title">
          <h2 id="timeline-title">Windows and holds</h2>
          <Timeline timeline={board.value.timeline} at={now.value} />
        </section>
      </div>
      <section aria-labelledby="targets-title">
        <div class="section-head">
          <h2 id="targets-title">Targets</h2>
          <div class="filters">
            <input
              type="search"
              class="search"
              placeholder="Find a target"
              aria-label="Find a target"
              value={search.value}
              onInput={(event) => {
                search.value = event.currentTarget.value;
              }}
            />
            <Choice name="all" text={`All ${formatNumber(all.length)}`} />
            <Choice name="trouble" text={`Needs a look ${formatNumber(all.filter(isTroubled).length)}`} />
            <Choice name="busy" text={`Busy ${formatNumber(all.filter(isBusy).length)}`} />
          </div>
        </div>
        <TargetList />
      </section>
    </>
  );
}

function Choice({ name, text }: { name: Filter; text: string }) {
  return (
    <button
      type="button"
      class="choice"
      aria-pressed={filter.value === name}
      onClick={() => {
        filter.value = name;
      }}
    >
      {text}
    </button>
  );
}

function TargetList() {
  if (cards.value.size === 0) {
    return (
      <EmptyState title="No targets yet">
        Write one under <code>targets</code> in millrace.config.ts and start again.
      </EmptyState>
    );
  }
  if (shown.value.length === 0) return <EmptyState title="No target is like that" />;
  return (
    <div class="target-list card">
      <div class="target-row list-head" aria-hidden="true">
        <span>Target</span>
        <span>State</span>
        <span>Freshness</span>
        <span class="number">Waiting</span>
        <span class="number">Quarantined</span>
        <span class="number">Rows</span>
        <span>Last loaded</span>
        <span>Next</span>
      </div>
      <VirtualRows items={shown.value} keyOf={({ target }) => target} label="Targets">
        {(card) => <TargetRow card={card} />}
      </VirtualRows>
    </div>
  );
}

function TargetRow({ card }: { card: TargetCard }) {
  const at = now.value;
  return (
    <a class="target-row" href={hrefOf({ page: 'target', target: card.target })}>
      <span class="target-name">
        <strong>{card.target}</strong>
        <span class="quiet one-line">{sentence(showText(card.text))}</span>
      </span>
      <span class="cell-state">
        <StateMark card={card} />
      </span>
      <Freshness card={card} />
      <span class="number cell-waiting" data-label="waiting">
        {formatShort(card.waiting + card.loading)}
      </span>
      <span class="number cell-quarantined" data-label="quarantined" data-some={String(card.quarantined > 0)}>
        {formatShort(card.quarantined)}
      </span>
      <span class="number cell-rows">{formatShort(card.rows)}</span>
      <span class="cell-last quiet">
        {card.lastLoadedAt === null ? 'never' : formatAgo(card.lastLoadedAt, at)}
      </span>
      <span class="cell-next quiet">{nextText(card, at)}</span>
    </a>
  );
}

function Figures() {
  const all = targets.value;
  const late = all.filter(({ health }) => health === 'late').length;
  const held = all.filter(({ health }) => health === 'held').length;
  const waiting = all.reduce((sum, card) => sum + card.waiting, 0);
  const aside = all.reduce((sum, card) => sum + card.quarantined, 0);
  const asideTargets = all.filter(({ quarantined }) => quarantined > 0).length;
  const { running, maxLoads, inLine } = board.value?.budget ?? { running: 0, maxLoads: 0, inLine: [] };
  const fresh = all.filter(({ health }) => health === 'fresh').length;
  const others = [
    ...(late > 0 ? [`${late} late`] : []),
    ...(held > 0 ? [`${held} held`] : []),
    ...(all.length > fresh + late + held ? [`${all.length - fresh - late - held} paused or waiting`] : []),
  ];
  return (
    <dl class="figures">
      <Figure
        name="Fresh"
        value={`${formatNumber(fresh)}`}
        of={formatNumber(all.length)}
        note={others.length === 0 ? 'every target within its goal' : others.join(', ')}
        tone={held > 0 ? 'bad' : late > 0 ? 'late' : undefined}
      />
      <Figure
        name="Waiting"
        value={formatShort(waiting)}
        note={
          waiting === 0
            ? 'no file waits'
            : `for ${count(all.filter((card) => card.waiting > 0).length, 'target')}`
        }
      />
      <Figure
        name="Loading"
        value={formatNumber(running)}
        of={formatNumber(maxLoads)}
        note={
          inLine.length === 0
            ? 'nobody waits for a place'
            : `${count(inLine.length, 'target')} wait for a place`
        }
      />
      <Figure
        name="Quarantined"
        value={formatShort(aside)}
        note={aside === 0 ? 'nothing was put aside' : `of ${count(asideTargets, 'target')}`}
        tone={aside > 0 ? 'bad' : undefined}
        href={aside > 0 ? hrefOf({ page: 'quarantine', target: '' }) : undefined}
      />
    </dl>
  );
}

function Figure({
  name,
  value,
  of,
  note,
  tone,
  href,
}: {
  name: string;
  value: string;
  of?: string;
  note: string;
  tone?: 'bad' | 'late' | undefined;
  href?: string | undefined;
}) {
  return (
    <div class="figure card">
      <dt>{href === undefined ? name : <a href={href}>{name}</a>}</dt>
      <dd>
        <span class="figure-value" data-tone={tone}>
          {value}
        </span>
        {of !== undefined && <span class="figure-of">of {of}</span>}
        <span class="figure-note">{note}</span>
      </dd>
    </div>
  );
}

const MINUTE_MS = 60_000;

/** Of the last whole minute; of this one as long as nothing is known of that. */
function rateText({ since, minutes }: LoadHistory, at: number): string {
  const thisMinute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const knows = Date.parse(since) < thisMinute;
  const begin = knows ? thisMinute - MINUTE_MS : thisMinute;
  const rows = minutes.find((one) => Date.parse(one.at) === begin)?.rows ?? 0;
  const seconds = knows ? 60 : Math.max(1, (at - Date.parse(since)) / 1_000);
  const rate = rows / seconds;
  const text = rate > 0 && rate < 10 ? rate.toFixed(1) : formatShort(Math.round(rate));
  return `${text} rows/s in the ${knows ? 'last' : 'first'} minute`;
}

/** How often the history is asked for again: its points are minutes. */
const HISTORY_MS = 10_000;

function RowsPerMinute() {
  const [step, setStep] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setStep((old) => old + 1), HISTORY_MS);
    return () => clearInterval(timer);
  }, []);
  const { value, error } = useAnswer((signal) => api.history(null, signal), String(step), { keepsOld: true });
  return (
    <section class="card" aria-labelledby="rows-title">
      <div class="card-head">
        <h2 id="rows-title">Rows loaded</h2>
        <span class="quiet">{value === undefined ? '' : rateText(value, now.value)}</span>
      </div>
      {error !== undefined && value === undefined ? (
        <p class="quiet">{error.message}</p>
      ) : (
        <RowsChart history={value} at={now.value} />
      )}
    </section>
  );
}
