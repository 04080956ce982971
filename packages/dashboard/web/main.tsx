import { render } from 'preact';
import './styles/tokens.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/pages.css';
import { App } from './app.tsx';
import { startTheme } from './state/theme.ts';

startTheme();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
