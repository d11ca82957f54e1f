// What a service is doing, in one word.

/** `ready`, `not_ready`, `starting`, or what its process is in. */
export function stateOf(service) {
  if (service.ready) return "ready";
  if (service.state !== "running") return service.state;
  return service.health ? "not_ready" : "starting";
}
