"""One module a claim: `prove()` measures it and returns {"claims": [{claim, figure, target, met}, …], …}."""
