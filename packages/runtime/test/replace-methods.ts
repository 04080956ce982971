/** The port with some of its methods replaced; the rest keeps its own `this`, for ports keep private fields. */
export function replaceMethods<Port extends object>(port: Port, methods: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      const own = methods[name as keyof Port] ?? target[name as keyof Port];
      return typeof own === 'function' && !(name in methods) ? own.bind(target) : own;
    },
  });
}
