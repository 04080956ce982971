import { describe, expect, it } from 'vitest';
import { progressLine } from './progress-bar.ts';
import { cutText, showText, widthOf } from './show-text.ts';
import { formatTable } from './table.ts';

describe('a table', () => {
  it('aligns columns by what is seen, numbers to the right, without trailing spaces', () => {
    const text = formatTable(
      [{ title: 'NAME' }, { title: 'N', align: 'right' }, { title: 'NOTE' }],
      [
        ['Zürich', '1,200', ''],
        ['東京', '7', 'x'],
      ],
    );
    expect(text.split('\n')).toEqual(['NAME        N  NOTE', 'Zürich  1,200', '東京        7  x']);
  });

  it('is its titles when there are no rows', () => {
    expect(formatTable([{ title: 'A' }, { title: 'B' }], [])).toBe('A  B');
  });
});

describe('text from outside', () => {
  it('cannot move the cursor or break a line', () => {
    expect(showText('a\u{1b}[2Jb\nc\u{202e}')).toBe('a\\u{1b}[2Jb\\nc\\u{202e}');
  });

  it('is as wide as a terminal shows it', () => {
    expect(['abc', 'u\u{308}', '東京', '🚀'].map(widthOf)).toEqual([3, 1, 4, 2]);
  });

  it('is cut at a width, never within a character', () => {
    expect([cutText('abcdef', 4), cutText('abcd', 4), cutText('東京都', 4)]).toEqual(['abc…', 'abcd', '東…']);
  });
});

describe('a progress line', () => {
  it('fills as files are done, within the width', () => {
    const line = progressLine({ done: 5, total: 10, label: '5 of 10 files', width: 40 });
    expect(line).toBe('[########--------]  50%  5 of 10 files');
    expect(line.length).toBeLessThan(40);
  });

  it('gives up the bar before the figures', () => {
    expect(progressLine({ done: 0, total: 0, label: '0 of 0 files', width: 20 })).toBe('100%  0 of 0 files');
  });
});
