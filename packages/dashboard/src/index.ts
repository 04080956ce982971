export { readyPage } from './ready-page.ts';
