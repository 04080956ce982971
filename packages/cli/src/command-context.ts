import type { Command } from 'commander';
import { openProject, type Project } from './project/project.ts';
import type { Terminal } from './terminal/terminal.ts';

/** The options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly config?: string;
  readonly dir?: string;
  readonly env?: string;
}

/** What a command is given, and where its exit code goes. Made by `main`; in tests, by the test. */
export class CommandContext {
  readonly terminal: Terminal;
  readonly cwd: string;
  /** 0 done, 1 something failed (and was named on stderr). */
  exitCode: 0 | 1 = 0;

  constructor({ terminal, cwd }: { terminal: Terminal; cwd: string }) {
    this.terminal = terminal;
    this.cwd = cwd;
  }

  /** The project that the options of a command mean. */
  project(command: Command): Promise<Project> {
    const { config, dir, env = process.env.MILLRACE_ENV } = this.options(command);
    return openProject({ cwd: this.cwd, config, dir, env: env === '' ? undefined : env });
  }

  options(command: Command): GlobalOptions {
    return command.optsWithGlobals<GlobalOptions>();
  }

  /** Something failed, and this says what; the command goes on. */
  fail(sentence: string): void {
    this.exitCode = 1;
    this.terminal.note(`${this.terminal.styleNote('red', 'error')}: ${sentence}`);
  }
}
