import { connect } from 'node:net';

/**
 * Sends a part of a request and then a byte now and again, until the server ends the connection; resolves
 * with what it answered.
 */
export function drip(port: number, part: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(part));
    const timer = setInterval(() => part !== '' && socket.write('x'), 50);
    let said = '';
    socket.on('data', (data) => {
      said += data;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      resolve(said);
    });
  });
}
