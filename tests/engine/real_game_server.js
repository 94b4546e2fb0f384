// A game server on 127.0.0.1 in front of which `real_game_servers.py` puts Vigie's checks.
// node real_game_server.js java VERSION   (npm: minecraft-protocol)
// node real_game_server.js bedrock PORT   (npm: bedrock-protocol; its RakNet is the C++ one)
// Says one line of JSON when it listens, and one for each player and each handshake.

const [edition, about] = process.argv.slice(2)
const say = (line) => console.log(JSON.stringify(line))

if (edition === 'java') {
  const mc = require('minecraft-protocol')
  const server = mc.createServer({
    'online-mode': false, host: '127.0.0.1', port: 0, version: about, maxPlayers: 40, motd: 'A real one'
  })
  server.on('listening', () => {
    const { port } = server.socketServer.address()
    say({ port, origin: `minecraft-protocol ${require('minecraft-protocol/package.json').version}` })
    const player = mc.createClient({ host: '127.0.0.1', port, username: 'one', version: about, auth: 'offline' })
    player.on('error', () => {})
  })
  server.on('connection', (client) => client.on('set_protocol', (packet) => {
    if (packet.nextState === 1) say({ host: packet.serverHost, port: packet.serverPort })
  }))
  server.on('playerJoin', () => setImmediate(() => say({ players: server.playerCount })))
} else {
  const { createServer } = require('bedrock-protocol')
  const server = createServer({
    host: '127.0.0.1', port: Number(about), offline: true, maxPlayers: 12,
    motd: { motd: 'A real one', levelName: 'Its world' }
  })
  const origin = `bedrock-protocol ${require('bedrock-protocol/package.json').version}`
  say({ port: server.options.port, origin, version: server.options.version })
}
