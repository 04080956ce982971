import { useEffect, useRef, useState } from 'preact/hooks';
import { type Asked, asked, tell } from '../state/action.ts';
import { api, type Signed } from '../state/api.ts';
import { keepName, ownName } from '../state/session.ts';
import { count, formatNumber } from './format.ts';

const EXPLAINED: Readonly<Record<Asked['kind'], string>> = {
  pause:
    'Nothing more is loaded until somebody resumes. Files are taken in and wait; a load under way is finished.',
  resume: 'What waits is loaded at once.',
  redrive:
    'The files wait again and are loaded with the next batch. Whatever is still wrong goes back to quarantine.',
  'redrive-rejects':
    'The events are transformed again, by the transforms as they are now, each once. Whatever is still wrong stays rejected, with its new reason.',
  cancel:
    'The warehouse is asked to roll the load back. Its files wait, and are tried again after a while: pause the target first to keep them from it.',
  reconcile:
    'Object store, tracker and receipts are compared, and what one of them lost is mended from the others.',
};
const REASONS: Readonly<Record<Asked['kind'], string>> = {
  pause: 'Why is it paused?',
  resume: 'What has changed?',
  redrive: 'What was corrected?',
  'redrive-rejects': 'What was corrected?',
  cancel: 'Why should it end?',
  reconcile: 'Why now?',
};

/** Asks who and why, and does it. */
export function ActionDialog() {
  const shown = asked.value;
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (shown !== null) ref.current?.showModal();
    else ref.current?.close();
  }, [shown]);
  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-labelledby="action-title"
      onClose={() => {
        asked.value = null;
      }}
    >
      {shown !== null && <ActionForm key={shown.title} what={shown} />}
    </dialog>
  );
}

function ActionForm({ what }: { what: Asked }) {
  const [why, setWhy] = useState('');
  const [by, setBy] = useState(ownName.value);
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (by.trim() === '' || why.trim() === '') {
      setError('Both are kept with the action, and everybody sees them: please fill them in.');
      return;
    }
    setBusy(true);
    keepName(by.trim());
    try {
      tell(await carryOut(what, { by: by.trim(), why: why.trim() }));
      asked.value = null;
      if (what.kind === 'redrive' || what.kind === 'redrive-rejects') what.onDone?.();
    } catch (failure) {
      setError((failure as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <h2 id="action-title">{what.title}</h2>
      <p class="quiet">{EXPLAINED[what.kind]}</p>
      <label class="field">
        <span>{REASONS[what.kind]}</span>
        <input
          name="why"
          value={why}
          maxLength={500}
          onInput={(event) => setWhy(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Your name</span>
        <input
          name="by"
          value={by}
          maxLength={100}
          autocomplete="name"
          onInput={(event) => setBy(event.currentTarget.value)}
        />
      </label>
      {error !== '' && (
        <p class="form-error" role="alert">
          {error}
        </p>
      )}
      <div class="dialog-buttons">
        <button
          type="button"
          class="button"
          onClick={() => {
            asked.value = null;
          }}
        >
          Cancel
        </button>
        <button
          type="submit"
          class={what.kind === 'pause' || what.kind === 'cancel' ? 'button danger' : 'button primary'}
          disabled={isBusy}
        >
          {isBusy ? 'One moment…' : what.title}
        </button>
      </div>
    </form>
  );
}

async function carryOut(what: Asked, signed: Signed): Promise<string> {
  switch (what.kind) {
    case 'pause':
      await api.pause({ target: what.target, ...signed });
      return `${what.target ?? 'The warehouse'} is paused`;
    case 'resume': {
      const { wasPaused } = await api.resume({ target: what.target, ...signed });
      return `${what.target ?? 'The warehouse'} ${wasPaused ? 'is resumed' : 'was not paused'}`;
    }
    case 'redrive': {
      const { redriven, leftOut = [] } = await api.redrive({ ...what.selection, ...signed });
      const left = leftOut.reduce((sum, { files }) => sum + files, 0);
      const rest =
        left === 0 ? '' : `; ${count(left, 'file')} of targets that are not configured left as they are`;
      return `${redriven === 1 ? '1 file waits' : `${redriven} files wait`} again${rest}`;
    }
    case 'redrive-rejects': {
      const { redriven, rejected } = await api.redriveRejects({ ...what.selection, ...signed });
      const again = rejected === 0 ? '' : `; ${count(rejected, 'event')} rejected again`;
      return `${redriven === 1 ? '1 event was' : `${formatNumber(redriven)} events were`} transformed again${again}`;
    }
    case 'cancel':
      await api.cancel({ target: what.target, job: what.job, ...signed });
      return 'The warehouse was asked to end the load';
    case 'reconcile':
      return reconcileAll(what.target, signed);
  }
}

async function reconcileAll(target: string | undefined, signed: Signed): Promise<string> {
  let cursor: string | null = null;
  let [looked, found, mended] = [0, 0, 0];
  do {
    const scope = target === undefined ? {} : { target };
    const page: Awaited<ReturnType<typeof api.reconcile>> = await api.reconcile({
      ...scope,
      repair: true,
      cursor,
      ...signed,
    });
    const entries = [...page.missing, ...page.double, ...page.orphan];
    looked += page.looked;
    found += entries.length;
    mended += entries.filter(({ repaired }) => repaired).length;
    cursor = page.next;
  } while (cursor !== null);
  if (found === 0) return `Looked at ${count(looked, 'file')}: all three agree`;
  return `Looked at ${count(looked, 'file')}: ${found} disagreed, ${mended} mended`;
}
