import Glibc
import Outbox

// Appends for ever and prints each accepted number: for the test that kills it.
//
//   outbox-writer FILE
guard CommandLine.arguments.count == 2, let outbox = try? Outbox(path: CommandLine.arguments[1], byteLimit: 64 << 20) else {
  exit(2)
}
/// Writes a whole line at once, so that a kill can't tear it from its number unnoticed.
@Sendable func report(_ text: String) {
  let line = Array("\(text)\n".utf8)
  _ = unsafe write(1, line, line.count)
}
var count = 0
while true {
  let topic = "kill/\(count % 3)"
  let value = count
  count += 1
  let isQueued = outbox.append(to: topic, encoding: { Array("\($0.epoch) \($0.sequence) \(value)".utf8) }) { result in
    if case .success(let number) = result { report("\(topic) \(number.sequence) \(number.epoch)") }
  }
  // Full: let the disk catch up.
  if !isQueued { outbox.flush() }
}
