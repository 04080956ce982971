/** An object that is the given one, but for these methods. Private fields stay reachable: methods are called on their owner. */
export function override<T extends object>(owner: T, methods: Partial<T>): T {
  return new Proxy(owner, {
    get: (target, name) => {
      const own = methods[name as keyof T] ?? target[name as keyof T];
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}
