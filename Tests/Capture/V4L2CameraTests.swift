@testable import Capture
import Glibc
import Imaging
import Pipelines
import Testing

@Suite struct V4L2CameraTests {
  private func camera(_ system: ScriptedVideo, _ settings: CameraSettings = CameraSettings()) throws -> V4L2Camera {
    try V4L2Camera(path: "/dev/video7", settings: settings, system: system)
  }

  private func frames(_ numbers: ClosedRange<UInt32>, bytes: Int? = nil, faulty: Bool = false) -> [ScriptedStep] {
    numbers.map { .frame($0, bytes: bytes, faulty: faulty) }
  }

  private func waitingReason(_ event: SeenEvent) -> String {
    if case .state(.waiting(let reason)) = event { reason } else { "not waiting: \(event)" }
  }

  static let streaming = SeenEvent.state(
    .streaming(StreamFormat(pixelFormat: .yuyv, encoding: .bt601Limited, width: 64, height: 48, frameRate: 30)))

  @Test func `frames come with the driver's bytes, time and count`() throws {
    let system = ScriptedVideo(frames(100...102))
    let camera = try camera(system)
    #expect(camera.seeNext() == Self.streaming)
    for number in 0..<3 {
      guard let frame = camera.holdNext() else {
        Issue.record("no frame \(number)")
        return
      }
      let seen = Seen(frame)
      let capturedAt = frame.capturedAt
      #expect(seen.bytes == [UInt8](repeating: UInt8(100 + number), count: 64 * 48 * 2))
      #expect(seen.format == .yuyv && seen.width == 64 && seen.height == 48)
      #expect(seen.sequence == UInt64(1 + number))
      #expect(capturedAt.duration(to: system.now()) == .milliseconds(1))
    }
    #expect(camera.counters.delivered == 3 && camera.counters.missed == 0)
  }

  @Test func `what stands before the picture in a buffer is no part of it, and its bytes are held to the buffer`() throws {
    var profile = ScriptedProfile()
    profile.byteOffset = 128
    let whole = 64 * 48 * 2
    let camera = try camera(ScriptedVideo([.frame(1), .frame(2, bytes: whole + 64), .frame(3, bytes: whole - 1)], profile: profile))
    #expect(camera.seeNext() == Self.streaming)
    #expect(camera.seeNext().frame?.bytes == [UInt8](repeating: 1, count: whole))
    #expect(camera.seeNext().frame?.bytes == [UInt8](repeating: 2, count: whole))
    #expect(camera.seeNext(timeout: .seconds(1)) == .timedOut)
    #expect(camera.counters.short == 1)
  }

  @Test func `a camera that sends nothing usable gives way at each timeout, however long`() throws {
    let system = ScriptedVideo(frames(1...300, bytes: 0))
    let camera = try camera(system)
    var reasons: [String] = []
    while !system.steps.isEmpty {
      let begin = system.now()
      let event = camera.seeNext(timeout: .seconds(1))
      #expect(begin.duration(to: system.now()) <= .seconds(1))
      if case .state(.waiting(let reason)) = event { reasons.append(reason) } else { #expect(event == .timedOut || event == Self.streaming) }
    }
    #expect(reasons.count == 1 && camera.counters.empty == 300)
  }

  @Test func `gaps in the driver's count are missed frames, its wrap and its restart are none`() throws {
    let system = ScriptedVideo([.frame(UInt32.max - 3), .frame(UInt32.max), .frame(1), .frame(0), .frame(1)])
    let camera = try camera(system)
    let sequences = (0..<5).map { _ in take(camera.holdNext())?.sequence }
    #expect(sequences == [1, 4, 6, 7, 8])
    #expect(camera.counters.missed == 3)
  }

  @Test(arguments: [
    (ScriptedStep.frame(1, bytes: 0), [13, 0, 0], "empty"), (.frame(1, bytes: 64 * 48 * 2 - 1), [0, 13, 0], "6143 bytes"),
    (.frame(1, faulty: true), [0, 0, 13], "faulty"),
  ])
  func `unusable buffers are skipped and counted, and many in a row are told`(step: ScriptedStep, counts: [UInt64], word: String) throws {
    let system = ScriptedVideo([step, .frame(5)] + Array(repeating: step, count: 12) + [.frame(9), .frame(10)])
    let camera = try camera(system)
    #expect(camera.seeNext() == Self.streaming)
    #expect(camera.seeNext().frame?.bytes.first == 5)
    let reason = waitingReason(camera.seeNext())
    #expect(reason.contains("/dev/video7") && reason.contains(word), "\(reason)")
    #expect(camera.seeNext() == Self.streaming)
    #expect(camera.seeNext().frame?.bytes.first == 9)
    #expect(camera.seeNext().frame?.bytes.first == 10)
    #expect([camera.counters.empty, camera.counters.short, camera.counters.faulty] == counts)
    #expect(system.devices.count == 1)
    #expect(system.devices[0].queued.count == 5)
  }

  @Test(arguments: [ScriptedStep.fails(ENODEV), .pollError])
  func `an unplugged camera is told, and resumes when it comes back with another format`(loss: ScriptedStep) throws {
    var other = ScriptedProfile()
    other.formats = [ScriptedProfile.format("NV12", 32, 16)]
    other.current = VideoFormat(code: FourCC("NV12"), width: 32, height: 16, bytesPerLine: 32, byteCount: 768)
    let system = ScriptedVideo([.frame(1), loss, .plug(other), .frame(7)])
    let camera = try camera(system)
    #expect(take(camera.holdNext())?.sequence == 1)
    #expect(waitingReason(camera.seeNext()).contains("unplugged"))
    #expect(system.devices[0].isClosed && system.devices[0].mapped == 0)
    let format = StreamFormat(pixelFormat: .nv12, encoding: .bt601Limited, width: 32, height: 16, frameRate: 30)
    #expect(camera.seeNext() == .state(.streaming(format)))
    let seen = camera.seeNext().frame
    #expect(seen?.format == .nv12 && seen?.width == 32 && seen?.sequence == 2)
    #expect(camera.counters.resumptions == 1)
  }

  @Test func `a camera that isn't there yet is waited for`() throws {
    let system = ScriptedVideo([], profile: nil)
    let camera = try camera(system)
    let reason = waitingReason(camera.seeNext())
    #expect(reason.contains("/dev/video7") && reason.contains("plug"))
    #expect(camera.seeNext(timeout: .seconds(60)) == .timedOut)
    system.steps = [.plug(ScriptedProfile()), .frame(1)]
    #expect(camera.seeNext() == Self.streaming)
    #expect(camera.seeNext().frame?.bytes.first == 1)
    #expect(camera.counters.resumptions == 0)
  }

  @Test(arguments: [(EACCES, "group"), (EPERM, "DeviceAllow"), (EBUSY, "another program"), (ENOTTY, "no camera"), (EIO, "Input/output")])
  func `a device that can't be opened now says why, and is tried again`(number: Int32, word: String) throws {
    let system = ScriptedVideo([.frame(1)])
    system.openErrors = [number, number, number]
    let camera = try camera(system)
    let reason = waitingReason(camera.seeNext())
    #expect(reason.contains(word) && reason.contains("/dev/video7"), "\(reason)")
    #expect(camera.seeNext() == Self.streaming)
    #expect(system.openErrors.isEmpty)
  }

  @Test func `what is no streaming camera says what it is`() throws {
    var profile = ScriptedProfile()
    profile.identity.captures = false
    #expect(waitingReason(try camera(ScriptedVideo([], profile: profile)).seeNext()).contains("is no camera"))
    profile = ScriptedProfile()
    profile.identity.streams = false
    #expect(waitingReason(try camera(ScriptedVideo([], profile: profile)).seeNext()).contains("mapped memory"))
    profile = ScriptedProfile()
    profile.requestError = EBUSY
    let system = ScriptedVideo([], profile: profile)
    #expect(waitingReason(try camera(system).seeNext()).contains("another program"))
    #expect(system.devices[0].isClosed)
    profile.requestError = 0
    profile.startError = ENOSPC
    let failing = ScriptedVideo([], profile: profile)
    #expect(waitingReason(try camera(failing).seeNext()).contains("No space"))
    #expect(failing.devices[0].isClosed && failing.devices[0].mapped == 0)
  }

  @Test func `a runaway camera is held to the frame limit`() throws {
    let steps = (1...2000).map { ScriptedStep.frame(UInt32($0), after: .microseconds(500)) }
    let system = ScriptedVideo(steps)
    let camera = try camera(system, CameraSettings(frameLimit: 30))
    var delivered = 0
    while case .some(let event) = Optional(camera.seeNext(timeout: .milliseconds(900))), event != .timedOut {
      if event.frame != nil { delivered += 1 }
    }
    // A second at 30 frames, and the tolerance of a few at the start.
    #expect((30...35).contains(delivered))
    #expect(camera.counters.overLimit == UInt64(2000 - delivered))
    #expect(system.devices[0].queued.count == 5)
  }

  @Test func `with all buffers leased it waits without calling the camera silent`() throws {
    let system = ScriptedVideo(frames(1...4))
    let camera = try camera(system, CameraSettings(bufferCount: 2))
    let first = camera.holdNext()
    let second = camera.holdNext()
    let third = camera.holdNext()
    #expect(camera.seeNext(timeout: .seconds(20)) == .timedOut)
    #expect(take(second)?.sequence == 2)
    #expect(camera.seeNext().frame?.bytes.first == 4)
    #expect(take(first)?.bytes.first == 1)
    #expect(take(third)?.bytes.first == 3)
  }

  @Test func `a frame outlives the unplugging, and the device is closed at once`() throws {
    let system = ScriptedVideo([.frame(3), .fails(ENODEV)])
    let camera = try camera(system)
    guard let frame = camera.holdNext() else {
      Issue.record("no frame")
      return
    }
    let shared = frame.share()
    #expect(waitingReason(camera.seeNext()).contains("unplugged"))
    _ = consume frame
    #expect(system.devices[0].isClosed && !system.devices[0].isStreaming)
    #expect(system.devices[0].mapped == 0 && system.devices[0].detached == 1)
    #expect(Seen(shared).bytes.allSatisfy { $0 == 3 })
    _ = consume shared
    #expect(system.devices[0].detached == 0)
  }

  @Test func `a camera that falls silent is told, and its next frame ends that`() throws {
    let system = ScriptedVideo([.frame(1)])
    let camera = try camera(system)
    #expect(take(camera.holdNext())?.sequence == 1)
    #expect(waitingReason(camera.seeNext(timeout: .seconds(60))).contains("no frame for 5 s"))
    #expect(camera.seeNext(timeout: .seconds(60)) == .timedOut)
    system.steps = [.again, .frame(2)]
    #expect(camera.seeNext() == Self.streaming)
    #expect(camera.seeNext().frame?.bytes.first == 2)
    #expect(system.devices.count == 1)
  }

  @Test func `a driver that names a buffer it never had is restarted, not believed`() throws {
    let system = ScriptedVideo([.frame(1, index: 99), .frame(2)])
    let camera = try camera(system)
    #expect(camera.seeNext() == Self.streaming)
    #expect(waitingReason(camera.seeNext()).contains("failed while streaming"))
    #expect(camera.seeNext() == Self.streaming)
    #expect(camera.seeNext().frame?.bytes.first == 2)
  }

  @Test func `a driver that says more bytes than its buffer has is held to the buffer`() throws {
    let camera = try camera(ScriptedVideo([.frame(1, bytes: 1 << 30)]))
    #expect(take(camera.holdNext())?.bytes.count == 64 * 48 * 2)
  }

  @Test func `without a native format libv4l converts, and where it is missing that is said`() throws {
    var profile = ScriptedProfile()
    profile.formats = [ScriptedProfile.format("S561", 64, 48)]
    profile.converterError = 0
    let system = ScriptedVideo([.frame(1)], profile: profile)
    #expect(take(try camera(system).holdNext())?.format == .rgb24)
    #expect(system.devices[0].isConverting)
    profile.converterError = ENOSYS
    let reason = waitingReason(try camera(ScriptedVideo([], profile: profile)).seeNext())
    #expect(reason.contains("S561") && reason.contains("libv4l-0"))
  }

  @Test func `controls are set by name, and a wrong one is told with what there is`() throws {
    let gain = CameraControl(
      id: 12, name: "gain", kind: .integer, range: 0...100, step: 1, standard: 5, value: 5, isReadOnly: false, isInactive: false, menu: [])
    var profile = ScriptedProfile()
    profile.controls = [gain]
    let system = ScriptedVideo([.frame(1)], profile: profile)
    let camera = try camera(system, CameraSettings(frameRate: 15, controls: [("gain", 40)]))
    #expect(take(camera.holdNext())?.sequence == 1)
    #expect(system.devices[0].setControls.map(\.value) == [40])
    #expect(system.devices[0].setRates == [15])
    let unknown = try self.camera(ScriptedVideo([], profile: profile), CameraSettings(controls: [("gian", 1)]))
    #expect(waitingReason(unknown.seeNext()).contains("it has gain"))
    let outside = try self.camera(ScriptedVideo([], profile: profile), CameraSettings(controls: [("gain", 101)]))
    #expect(waitingReason(outside.seeNext()).contains("0 to 100"))
  }

  @Test func `stopping ends the stream and closes the device`() throws {
    let system = ScriptedVideo(frames(1...9))
    let camera = try camera(system)
    #expect(take(camera.holdNext())?.sequence == 1)
    camera.stop()
    #expect(camera.seeNext() == .ended)
    #expect(camera.state == .ended)
    #expect(system.devices[0].isClosed)
    #expect(camera.seeNext() == .ended)
  }
}
