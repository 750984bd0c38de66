import GateProtocol
import Pipelines
import Testing

@Suite struct FrameTests {
  @Test func `the check is CRC-32C`() {
    var check = FrameCheck()
    for byte in Array("123456789".utf8) { check.update(byte) }
    #expect(check.value == 0xE306_9283)
  }

  @Test(arguments: Samples.frames.indices) func `a frame comes out as it went in`(index: Int) throws {
    let frame = Samples.frames[index]
    let wire = Samples.wire(frame)
    #expect(wire.first == 0 && wire.last == 0 && !wire.dropFirst().dropLast().contains(0))
    let got = Samples.read(wire)
    #expect(got.damaged == 0)
    let read = try #require(got.frames.first)
    #expect(read.session == frame.session && read.sequence == frame.sequence && read.message == frame.message)
  }

  @Test func `every code has a sample, and no frame is longer than its storage`() {
    #expect(Set(Samples.messages.map(\.code)) == Set(MessageCode.allCases))
    for frame in Samples.frames { #expect(frame.bytes.count < FrameBytes.capacity) }
  }

  @Test func `frames behind each other are all found, idle zeros between them`() {
    let stream: [UInt8] = Samples.frames.flatMap { Samples.wire($0) + [UInt8](repeating: 0, count: 2) }
    let got = Samples.read(stream)
    #expect(got.frames.map(\.message) == Samples.messages && got.damaged == 0)
  }

  @Test(arguments: Samples.frames.indices) func `a frame that is cut off anywhere, before or behind, is refused`(index: Int) {
    let wire = Samples.wire(Samples.frames[index]).dropFirst().dropLast()
    for kept in 1..<wire.count {
      #expect(Samples.read(wire.prefix(kept) + [0]).frames.isEmpty)
      #expect(Samples.read(wire.suffix(kept) + [0]).frames.isEmpty)
    }
  }

  /// Of the longest frame, and of those that move the gate; the check's own test is of all lengths.
  @Test(arguments: Samples.longestAndOrders) func `no one or two flipped bits on the line make another frame`(index: Int) {
    let sent = Samples.frames[index]
    let wire = Samples.wire(Samples.frames[index])
    let bits = wire.count * 8
    var wrong = 0
    var flipped = wire
    func check() {
      var reader = FrameReader()
      for byte in flipped {
        // Flipping the zeros around it leaves the frame itself.
        guard case .frame(let got) = reader.receive(byte) else { continue }
        if got.message != sent.message || got.session != sent.session || got.sequence != sent.sequence { wrong += 1 }
      }
    }
    for first in 0..<bits {
      flipped[first / 8] ^= 1 << UInt8(first % 8)
      check()
      for second in 0..<first {
        flipped[second / 8] ^= 1 << UInt8(second % 8)
        check()
        flipped[second / 8] ^= 1 << UInt8(second % 8)
      }
      flipped[first / 8] ^= 1 << UInt8(first % 8)
    }
    #expect(wrong == 0)
  }

  /// Flips of one to five bits in a decoded frame of the greatest length. An odd number is seen, as the polynomial has the factor x + 1: then the
  /// syndromes of all single bits have odd weight in a basis where parity shows. An even number is seen if no two pairs have the same syndrome.
  @Test func `the check sees every pattern of up to five flipped bits`() {
    // CRCs are affine: the syndrome of a flip is the difference that it makes, whatever the frame holds.
    let count = FrameBytes.capacity - GateFrame.checkLength
    func check(flipping bit: Int?) -> UInt32 {
      var check = FrameCheck()
      for index in 0..<count { check.update(bit.map { $0 / 8 == index } == true ? 1 << UInt8(bit! % 8) : 0) }
      return check.value
    }
    let plain = check(flipping: nil)
    let syndromes = (0..<count * 8).map { check(flipping: $0) ^ plain } + (0..<32).map { UInt32(1) << UInt32($0) }
    // Divided by x + 1, the generator leaves nothing: an even number of its coefficients is one (x³² counted).
    #expect((UInt32(0x82F6_3B78).nonzeroBitCount + 1).isMultiple(of: 2))
    for syndrome in syndromes { #expect(!syndrome.nonzeroBitCount.isMultiple(of: 2)) }
    var seen = Set<UInt32>(syndromes)
    #expect(seen.count == syndromes.count)
    var pairs: [UInt32] = []
    for first in syndromes.indices {
      for second in 0..<first { pairs.append(syndromes[first] ^ syndromes[second]) }
    }
    pairs.sort()
    #expect(pairs.first != 0)
    #expect(zip(pairs, pairs.dropFirst()).allSatisfy { $0 != $1 })
    seen.formIntersection(pairs)
    #expect(seen.isEmpty)
  }

  @Test func `an undamaged frame of another version is told apart`() {
    var bytes = FrameBytes()
    bytes.append(UInt8(2))
    for _ in 0..<12 { bytes.append(UInt8(9)) }
    var check = FrameCheck()
    for index in 0..<bytes.count { check.update(bytes[index]) }
    bytes.append(check.value)
    let wire = WireFrame(bytes)
    var reader = FrameReader()
    var version: UInt8 = 0
    for index in 0..<wire.count { if case .otherVersion(let other) = reader.receive(wire[index]) { version = other } }
    #expect(version == 2)
  }

  /// The longest that fits, of another version, as its check says; `isSplit`: with a zero in it.
  private static func longest(isSplit: Bool) -> [UInt8] {
    for filler in UInt8(1)... {
      var bytes = FrameBytes()
      bytes.append(UInt8(2))
      while bytes.count < FrameBytes.capacity - 4 { bytes.append(isSplit && bytes.count == 30 ? 0 : filler) }
      var check = FrameCheck()
      for index in 0..<bytes.count { check.update(bytes[index]) }
      bytes.append(check.value)
      let all = (0..<bytes.count).map { bytes[$0] }
      if !all.suffix(4).contains(0) { return all }
    }
    return []
  }

  @Test func `a frame that is one byte too long is refused, wherever it becomes too long, and the next is found`() {
    let (plain, split) = (Self.longest(isSplit: false), Self.longest(isSplit: true))
    // In its only block, by a zero between blocks, and within its second block.
    let cases: [(fits: [UInt8], over: [UInt8])] = [
      ([65] + plain, [66] + plain + [7]), ([65] + plain, [65] + plain + [1]),
      ([31] + split[..<30] + [34] + split[31...], [31] + split[..<30] + [35] + split[31...] + [7]),
    ]
    for (fits, over) in cases {
      var reader = FrameReader()
      var (others, damaged, frames) = (0, 0, 0)
      for byte in fits + [0] + over + [0] + Samples.wire(Samples.frames[4]) {
        switch reader.receive(byte) {
        case .incomplete: break
        case .frame: frames += 1
        case .damaged: damaged += 1
        case .otherVersion: others += 1
        }
      }
      #expect(others == 1 && damaged == 1 && frames == 1)
    }
  }

  @Test func `what is no frame never stops the next one`() {
    var random = SeededRandom(seed: 3)
    let good = Samples.wire(Samples.frames[4])
    for _ in 0..<2000 {
      let noise = (0..<random.below(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let got = Samples.read(noise + good)
      #expect(got.frames.map(\.message) == [Samples.messages[4]])
    }
  }

  @Test func `a body with impossible fields is refused though its check is right`() {
    func isRefused(_ code: UInt8, _ body: [UInt8]) -> Bool {
      var bytes = FrameBytes()
      bytes.append(GateFrame.version)
      bytes.append(code)
      bytes.append(UInt64(5))
      for byte in body { bytes.append(byte) }
      var check = FrameCheck()
      for index in 0..<bytes.count { check.update(bytes[index]) }
      bytes.append(check.value)
      let wire = WireFrame(bytes)
      return Samples.read((0..<wire.count).map { wire[$0] }).frames.isEmpty
    }
    let order: [UInt8] = [1, 0, 0, 0, 2, 0, 0, 0]
    #expect(!isRefused(0x05, order + [0xC3]))
    #expect(isRefused(0x05, order + [0xC2]))
    #expect(isRefused(0x05, order))
    #expect(isRefused(0x05, order + [0xC3, 0]))
    #expect(isRefused(0x00, []))
    #expect(isRefused(0x7F, order + [0xC3]))
    #expect(isRefused(0x04, [0, 0, 0, 0, 2]))
    #expect(isRefused(0x03, [UInt8](repeating: 1, count: 24)))
  }
}

@Suite struct CounterTests {
  @Test func `a wide counter goes on where the hardware's wraps around`() {
    var counter = WideCounter(startingAt: 0xFFFF_FFF0)
    #expect(counter.update(0xFFFF_FFFF) == 15)
    #expect(counter.update(5) == 21)
    for round in 1...5 {
      #expect(counter.update(0x8000_0005) == UInt64(round) * 0x1_0000_0000 - 0x8000_0000 + 21)
      #expect(counter.update(5) == UInt64(round) * 0x1_0000_0000 + 21)
    }
  }

  @Test func `microseconds lose nothing between readings`() {
    var clock = MicrosecondClock(ticksEach: 25, startingAt: .max - 10)
    var random = SeededRandom(seed: 1)
    var (ticks, reading): (UInt64, UInt32) = (0, .max - 10)
    for _ in 0..<10_000 {
      let step = UInt32(random.below(3_000_000))
      reading &+= step
      ticks += UInt64(step)
      #expect(clock.update(reading) == ticks / 25)
    }
  }

  @Test func `wrapping numbers are compared by the shorter way`() {
    #expect(WrappingOrder.distance(from: .max, to: 2) == 3)
    #expect(WrappingOrder.distance(from: 2, to: .max) == -3)
    #expect(WrappingOrder.distance(from: 7, to: 7) == 0)
  }

  @Test func `configurations that no gate could keep are named`() {
    func flaw(_ change: (inout GateConfiguration) -> Void) -> GateConfiguration.Flaw? {
      var configuration = GateConfiguration(travel: 100_000)
      change(&configuration)
      return configuration.flaw
    }
    #expect(flaw { _ in } == nil)
    #expect(flaw { $0.travel = 0 } == .travel)
    #expect(flaw { $0.pulse = 999 } == .pulse)
    #expect(flaw { $0.debounce = 100_000 } == .debounce)
    #expect(flaw { $0.silence = 49_999 } == .silence)
    #expect(flaw { $0.blockedAfter = 10 } == .blockedAfter)
    #expect(flaw { ($0.unit, $0.travel, $0.debounce) = (.encoderTicks, 5, 2000) } == nil)
    #expect(GateConfiguration(travel: 1).digest != GateConfiguration(travel: 2).digest)
  }
}
