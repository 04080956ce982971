import type { Seal, SealMove, Seals } from '@millrace/core';

/** Seals for tests and simulations. */
export class MemorySeals implements Seals {
  readonly #seals = new Map<string, Seal>();

  async seal(stream: string, shard: string): Promise<Seal> {
    return this.#read(stream, shard);
  }

  async unannounced(stream: string): Promise<readonly Seal[]> {
    const own = [...this.#seals].filter(([key]) => key.startsWith(`${stream}\0`)).map(([, seal]) => seal);
    return own.filter(({ chunks }) => chunks.length > 0);
  }

  async move(stream: string, { shard, from, to, chunks, isEnded = false }: SealMove): Promise<boolean> {
    const before = this.#read(stream, shard);
    if (before.position !== from) return false;
    const seal = { shard, position: to, isEnded, chunks: [...before.chunks, ...chunks] };
    this.#seals.set(keyOf(stream, shard), seal);
    return true;
  }

  async markAnnounced(stream: string, shard: string, keys: readonly string[]): Promise<void> {
    const before = this.#seals.get(keyOf(stream, shard));
    if (before === undefined) return;
    const chunks = before.chunks.filter(({ key }) => !keys.includes(key));
    this.#seals.set(keyOf(stream, shard), { ...before, chunks });
  }

  #read(stream: string, shard: string): Seal {
    return this.#seals.get(keyOf(stream, shard)) ?? { shard, position: null, isEnded: false, chunks: [] };
  }
}

function keyOf(stream: string, shard: string): string {
  return `${stream}\0${shard}`;
}
