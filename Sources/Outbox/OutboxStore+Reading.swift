extension OutboxStore {
  /// The messages after `id`, in order, until `count` or `bytes` is reached; at least one if there is one.
  ///
  /// - Returns: also the messages that the disk changed, to be discarded.
  func messages(after id: Int64, count: Int, bytes: Int) throws(OutboxError) -> (sound: [OutboxMessage], damaged: [OutboxMessage]) {
    let next = statements.next
    defer { next.reset() }
    next.bind(1, id)
    next.bind(2, Int64(count))
    var sound: [OutboxMessage] = []
    var damaged: [OutboxMessage] = []
    var sum = 0
    while sum < bytes, try next.step() {
      let message = OutboxMessage(
        id: next.integer(0), epoch: epoch, topic: next.text(1), sequence: UInt64(clamping: next.integer(2)), payload: next.bytes(4))
      if Int64(Self.checksum(message.topic, message.sequence, message.payload)) == next.integer(3) {
        sound.append(message)
        sum += message.payload.count
      } else {
        damaged.append(message)
      }
    }
    return (sound, damaged)
  }
}
