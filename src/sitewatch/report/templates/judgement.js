// A link into what is folded away opens it; browsers that do so themselves lose nothing.
(() => {
  const open = () => {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let part = place && place.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    if (place) place.scrollIntoView();
  };
  addEventListener("hashchange", open);
  if (location.hash) open();
})();
