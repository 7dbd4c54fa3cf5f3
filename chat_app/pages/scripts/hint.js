// The keys, under the message box.
element.querySelector(".mn-hint").textContent = window.mneme.say("chat.hint");
