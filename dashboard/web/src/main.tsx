import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import 'uplot/dist/uPlot.min.css';
import './app/theme.css';
import './app/layout.css';
import './app/datasets.css';
import './app/tables.css';
import './app/controls.css';
import './charts/charts.css';
import './pipeline/pipeline.css';
import './live/live.css';
import { App } from './app/app.tsx';
import { applyTheme, storedTheme } from './app/theme.ts';

applyTheme(storedTheme());
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
