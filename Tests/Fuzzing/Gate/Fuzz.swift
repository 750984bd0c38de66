import GateController
import GateProtocol

/// One input of libFuzzer: bytes that come over a controller's line, time passing between them. Whatever they are, the reader finds a whole frame
/// behind them, what it reads can be written and read again, and the gate has power only while the controller is armed. The first byte says whether
/// frames are made whole (header, length and check put right), so that what lies behind the check is reached, too.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let mode = bytes.first else { return 0 }
  readAnything(bytes.dropFirst())
  control(bytes.dropFirst(), mendsFrames: mode & 1 != 0)
  return 0
}

private func readAnything(_ bytes: ArraySlice<UInt8>) {
  var reader = FrameReader()
  for byte in bytes { if case .frame(let frame) = reader.receive(byte) { check(frame) } }
  let known = GateFrame(session: 7, sequence: 8, message: .hello(Hello(nonce: 9))).onTheWire
  var found = false
  for index in 0..<known.count { if case .frame(let frame) = reader.receive(known[index]), frame.message == .hello(Hello(nonce: 9)) { found = true } }
  guard found else { fatalError("a whole frame behind noise was lost") }
}

private func check(_ frame: GateFrame) {
  var reader = FrameReader()
  let wire = frame.onTheWire
  for index in 0..<wire.count {
    guard case .frame(let again) = reader.receive(wire[index]) else { continue }
    guard again.message == frame.message, again.session == frame.session, again.sequence == frame.sequence else { fatalError("it reads otherwise") }
    return
  }
  fatalError("what was read can't be written")
}

private func control(_ bytes: ArraySlice<UInt8>, mendsFrames: Bool) {
  var controller = GateController(firmware: 1, bootCause: .power)
  var (time, sequence, session): (UInt64, UInt32, UInt32) = (0, 0, 0)
  var (fromController, isPresent) = (FrameReader(), false)
  func turn(_ step: UInt64) {
    time += step
    controller.sense(partPresent: isPresent, ticks: time / 5000, at: time)
    let outputs = controller.advance(to: time)
    guard !outputs.isDriven || outputs.state == .armed else { fatalError("the gate has power in state \(outputs.state)") }
    guard controller.wakesAt >= time else { fatalError("it would sleep backwards") }
    while let byte = controller.outgoingByte {
      controller.removeOutgoingByte()
      if case .frame(let frame) = fromController.receive(byte), case .welcome(let welcome) = frame.message { session = welcome.session }
    }
  }
  func say(_ frame: WireFrame) {
    for index in 0..<frame.count { controller.receive(frame[index], at: time) }
    turn(100)
  }
  say(GateFrame(session: 0, sequence: 0, message: .hello(Hello(nonce: 1))).onTheWire)
  say(GateFrame(session: session, sequence: 1, message: .configure(GateConfiguration(travel: 20_000))).onTheWire)
  sequence = 1
  guard mendsFrames else {
    for byte in bytes {
      controller.receive(byte, at: time)
      turn(UInt64(byte))
    }
    return
  }
  // Each piece: a code, what moves meanwhile, a length, a body.
  var rest = bytes
  while let code = rest.popFirst(), let moves = rest.popFirst(), let length = rest.popFirst() {
    var frame = FrameBytes()
    frame.append(GateFrame.version)
    frame.append(code)
    frame.append(code == 1 ? UInt32(0) : session)
    sequence &+= 1
    frame.append(sequence)
    for byte in rest.prefix(Int(length % 48)) { frame.append(byte) }
    rest = rest.dropFirst(Int(length % 48))
    var sum = FrameCheck()
    for index in 0..<frame.count { sum.update(frame[index]) }
    frame.append(sum.value)
    isPresent = moves & 1 != 0
    say(WireFrame(frame))
    turn(UInt64(moves) << 6)
  }
}
