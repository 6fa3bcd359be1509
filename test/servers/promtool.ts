import { installGoProgram } from './go.ts';

/**
 * Installs Prometheus's own tool, which checks its configuration and tests its rules; takes minutes the first
 * time.
 */
export function installPromtool(): Promise<string> {
  return installGoProgram({
    program: 'promtool',
    // The version of docker-compose.yml; as a Go module, Prometheus 3.16 is 0.316.
    version: 'v3.16.0',
    source: 'github.com/prometheus/prometheus/cmd/promtool@v0.316.0',
    // Finding targets in clouds is half of the program; config/prometheus/ finds them by DNS.
    tags: 'remove_all_sd,enable_dns_sd',
  });
}
