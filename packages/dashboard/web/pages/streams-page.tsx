import { EmptyState } from '../parts/states.tsx';

export function StreamsPage() {
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Streams</h1>
        </div>
      </div>
      <EmptyState title="No event stream">The configuration says nothing of events.</EmptyState>
    </>
  );
}
