// What is other in a cluster: where names lead, what cannot be seen, why there are no bytes.

import { field, make } from "./dom.js";
import { word } from "./words.js";
import "./words-cluster.js";

/** What cannot be seen of the cluster, and why. */
export function makeTroubles() {
  const element = make("ul", "troubles");
  element.hidden = true;
  let drawn = "";
  return {
    element,
    update(cluster) {
      const troubles = cluster?.troubles ?? [];
      if (troubles.join("\n") === drawn) return;
      drawn = troubles.join("\n");
      element.replaceChildren(...troubles.map((trouble) => make("li", "trouble", trouble)));
      element.hidden = troubles.length === 0;
    },
  };
}

/** The service that a span means by a host's name: that of a Kubernetes Service in the caller's namespace. */
export function inCluster({ from, to }, services) {
  const caller = services.find(({ name }) => name === from);
  const [host, namespace = caller?.exercise] = to.replace(/:\d+$/, "").split(".");
  const leads = ({ exercise, cluster }) => {
    const names = [cluster.workload, ...cluster.endpoints.map(({ service }) => service)];
    return exercise === namespace && names.includes(host);
  };
  return services.find(({ name }) => name === to)?.name ?? services.find(leads)?.name ?? to;
}

/** A command to copy. */
export function command(text) {
  const element = make("pre", "command", make("code", "", text));
  element.tabIndex = 0;
  return element;
}

/** Why there are no bytes, and what shows them. */
export function noBytes(place, services) {
  const commands = make("div", "");
  const select = make("select", "", services.map(({ name }) => new Option(name, name)));
  const fill = () => {
    const { relay, node } = services.find(({ name }) => name === select.value)?.cluster.capture ?? {};
    commands.replaceChildren(
      ...(relay ? [make("p", "", word("captureRelay")), command(relay.debug), make("p", "", word("captureForward")), command(relay.forward)] : [make("p", "note", word("captureNone"))]),
      ...(node ? [make("p", "", word("captureNode")), command(node)] : []),
    );
  };
  select.addEventListener("change", fill);
  place.append(make("h1", "", word("noBytesTitle")), make("p", "", word("noBytesWhy")), field(word("captureOf"), select), commands);
  fill();
  return {
    services(state) {
      services = state.services;
    },
  };
}
