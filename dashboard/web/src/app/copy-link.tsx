import { useState } from 'react';

/** How long the button says that it has copied. */
const SAID_MS = 2000;

/**
 * Copies the address, which holds all that is chosen. A browser allows that on this machine and over TLS
 * alone; elsewhere there is no button.
 */
export function CopyLink() {
  const [said, setSaid] = useState('Copy link');
  if (!navigator.clipboard) return null;
  const copy = async () => {
    const text = await navigator.clipboard.writeText(location.href).then(
      () => 'Link copied',
      () => 'The browser does not allow it',
    );
    setSaid(text);
    setTimeout(setSaid, SAID_MS, 'Copy link');
  };
  return (
    <button type="button" className="plain" onClick={copy}>
      <span aria-live="polite">{said}</span>
    </button>
  );
}
