// SQS by fauxqs, on a free port of loopback (its own command binds all
// interfaces). Prints its address, ends when standard input does.
import { buildApp } from 'fauxqs'

const app = buildApp({ logger: false })
console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
process.stdin.on('end', () => process.exit(0)).resume()
