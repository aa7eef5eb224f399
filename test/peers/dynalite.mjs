// DynamoDB by dynalite on loopback: in memory and on a free port, or in the folder
// and on the port that the environment names. Prints its address, ends when
// standard input does.
import dynalite from 'dynalite'

// dynalite throws on a request that breaks off, as one of a killed client's does.
process.on('uncaughtException', (err) => {
  if (err.code !== 'ECONNRESET') throw err
})

const { DYNALITE_PATH: path, DYNALITE_PORT: port } = process.env
const server = dynalite({ path, createTableMs: 1, deleteTableMs: 1, updateTableMs: 1 })
server.listen(Number(port ?? 0), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
process.stdin.on('end', () => process.exit(0)).resume()
