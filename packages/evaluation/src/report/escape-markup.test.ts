import { escapeMarkup } from './escape-markup';

it.each([
  ['a < b && c > d', 'a &lt; b &amp;&amp; c &gt; d'],
  ['a "quoted" name', 'a &quot;quoted&quot; name'],
  ['&lt;', '&amp;lt;'],
  ['3→1, Fréchet', '3→1, Fréchet'],
])('shows %j as it is', (text, markup) => {
  expect(escapeMarkup(text)).toBe(markup);
});
