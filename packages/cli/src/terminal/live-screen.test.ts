import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { fitScreen, LiveScreen, type ScreenInput, type ScreenOutput } from './live-screen.ts';

class Window extends EventEmitter implements ScreenOutput {
  columns = 20;
  rows = 4;
  written = '';
  write(text: string): void {
    this.written += text;
  }
}

class Keyboard extends EventEmitter implements ScreenInput {
  readonly isTTY = true;
  isRaw = false;
  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw;
  }
  resume(): void {}
  pause(): void {}
}

describe('what fits a window', () => {
  it('is cut to its width, and tells what is left out below', () => {
    expect(fitScreen(['a long line', 'b', 'c', 'd', 'q ends'], { width: 6, height: 4 })).toEqual([
      'a lon…',
      'b',
      '… and…',
      'q ends',
    ]);
    expect(fitScreen(['a', 'b'], { width: 80, height: 24 })).toEqual(['a', 'b']);
    expect(fitScreen(['a', 'b', 'c'], { width: 80, height: 2 })).toEqual(['a', 'b']);
  });
});

describe('a screen', () => {
  it('draws again when the window changes its size, and gives everything back', () => {
    const window = new Window();
    const keyboard = new Keyboard();
    const screen = new LiveScreen(window, keyboard);
    expect(keyboard.isRaw).toBe(true);
    screen.show(['hello', 'world']);
    window.written = '';
    window.columns = 4;
    window.emit('resize');
    expect(window.written).toContain('hel…');
    screen.close();
    expect(keyboard.isRaw).toBe(false);
    expect(window.written).toMatch(/\?1049l$/u);
    expect(window.listenerCount('resize') + keyboard.listenerCount('data')).toBe(0);
    window.written = '';
    screen.show(['late']);
    expect(window.written).toBe('');
  });

  it.each(['q', '\u{3}'])('ends with %j', async (key) => {
    const keyboard = new Keyboard();
    const screen = new LiveScreen(new Window(), keyboard);
    keyboard.emit('data', Buffer.from('x'));
    keyboard.emit('data', Buffer.from(key));
    await screen.ended;
    screen.close();
  });
});
