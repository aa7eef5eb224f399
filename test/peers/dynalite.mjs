// DynamoDB by dynalite, in memory, on a free port of loopback. Prints its
// address, ends when standard input does.
import dynalite from 'dynalite'

// dynalite throws on a request that breaks off, as one of a killed client's does.
process.on('uncaughtException', (err) => {
  if (err.code !== 'ECONNRESET') throw err
})

const server = dynalite({ createTableMs: 1, deleteTableMs: 1, updateTableMs: 1 })
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
process.stdin.on('end', () => process.exit(0)).resume()
