// Where a password guards the page: says so when the sign-in is over while the page is open. Without this a message would
// be refused and nothing said. The page stays as it is until the person agrees, so that nothing written is lost.
(() => {
  const { say, ask } = window.mneme;
  const ordinary = window.fetch;
  let asking = false;
  window.fetch = async (...given) => {
    const answer = await ordinary(...given);
    if (answer.status === 401 && new URL(answer.url).origin === location.origin && !asking) {
      asking = true;
      ask({ title: say("door.over_title"), text: say("door.over"), yes: say("door.enter"), mild: true }).then((agreed) => {
        asking = false;
        if (agreed) location.reload();
      });
    }
    return answer;
  };
})();
