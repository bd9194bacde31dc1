// What a list is asked for stands in the page's address: it can be sent on, and a reload shows the same.

import { useEffect } from "preact/hooks";

/** At `path`, keep `values` in the address; what the address says when the page is opened goes to `take`. */
export function useAddress(path, values, take) {
  useEffect(() => {
    const given = new URLSearchParams(location.search);
    if (given.size) take((name) => given.get(name) ?? "");
  }, []);
  const wanted = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  const address = wanted.size ? `${path}?${wanted}` : path;
  useEffect(() => {
    if (location.pathname === path) history.replaceState(null, "", address);
  }, [address]);
}
