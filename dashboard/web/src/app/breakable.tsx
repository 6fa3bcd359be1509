import { Fragment } from 'react';

/** A text such as `computers.components.memory` or `price:not_a_number`: a line may end after each word. */
export function Breakable({ text }: { text: string }) {
  const words = text.split(/(?<=[._:])(?=\D)/).map((word, i) => ({ word, place: `word-${i}` }));
  return words.map(({ word, place }) => (
    <Fragment key={place}>
      {word}
      <wbr />
    </Fragment>
  ));
}
