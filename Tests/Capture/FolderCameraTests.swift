@testable import Capture
import Foundation
import Pipelines
import Testing

@Suite struct FolderCameraTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func camera(loop: Bool? = nil, frameRate: Double = .infinity) throws -> any CameraSource {
    try openCamera("folder:\(folder.path)", settings: CameraSettings(frameRate: frameRate, loop: loop))
  }

  @Test func `images come in the order of their names, their bytes unchanged, and the end is told`() throws {
    let images = [jpegHead(width: 40, height: 30), jpegHead(width: 500, height: 300, filler: 9)]
    try folder.write(images[1], as: "b.JPG")
    try folder.write(images[0], as: "a.jpeg")
    try folder.write([1, 2, 3], as: ".hidden.jpg")
    try folder.write([1, 2, 3], as: "notes.txt")
    let camera = try camera(loop: false)
    #expect(camera.state == .starting)
    let format = StreamFormat(pixelFormat: .mjpeg, encoding: .bt601Full, width: 40, height: 30, frameRate: .infinity)
    #expect(camera.seeNext() == .state(.streaming(format)))
    let (first, second) = (camera.seeNext().frame, camera.seeNext().frame)
    #expect(first?.bytes == images[0])
    #expect(first?.sequence == 0)
    #expect(second?.bytes == images[1])
    #expect(second?.width == 500 && second?.height == 300 && second?.sequence == 1)
    #expect(camera.seeNext() == .ended)
    #expect(camera.state == .ended)
    #expect(camera.counters.delivered == 2)
  }

  @Test func `damaged, empty and vanished files are skipped and counted`() throws {
    for name in ["a.jpg", "c.jpg", "e.jpg"] { try folder.write(jpegHead(width: 8, height: 8), as: name) }
    try folder.write([0xFF, 0xD8, 0xFF], as: "b.jpg")
    try folder.write([], as: "d.jpg")
    try FileManager.default.createDirectory(atPath: folder.path + "/f.jpg", withIntermediateDirectories: true)
    let camera = try camera(loop: false)
    try FileManager.default.removeItem(atPath: folder.path + "/c.jpg")
    let frames = [take(camera.holdNext()), take(camera.holdNext()), take(camera.holdNext())]
    #expect(frames.compactMap { $0 }.count == 2)
    #expect(camera.counters.unreadable == 4)
    #expect(camera.counters.delivered == 2)
  }

  @Test func `an uncompressed image is decoded, a cut one skipped`() throws {
    let pixels = [UInt8](0..<18)
    try folder.write(Array("P6\n3 2\n255\n".utf8) + pixels, as: "a.ppm")
    try folder.write(Array("P6\n3 2\n255\n".utf8) + pixels.dropLast(), as: "b.ppm")
    try folder.write(jpegHead(width: 8, height: 8).dropLast(), as: "c.jpg")
    let camera = try camera(loop: false)
    let seen = take(camera.holdNext())
    #expect(seen?.bytes == pixels)
    #expect(seen?.format == .rgb24 && seen?.width == 3 && seen?.height == 2)
    #expect(take(camera.holdNext()) == nil)
    #expect(camera.counters.unreadable == 2)
  }

  @Test func `a loop begins again with what the folder holds by then`() throws {
    try folder.write(jpegHead(width: 1, height: 1), as: "b.jpg")
    let camera = try camera()
    #expect(take(camera.holdNext())?.width == 1)
    try folder.write(jpegHead(width: 2, height: 2), as: "a.jpg")
    #expect(take(camera.holdNext())?.width == 2)
    #expect(take(camera.holdNext())?.width == 1)
    #expect(take(camera.holdNext())?.sequence == 3)
  }

  @Test func `a folder in which nothing can be read waits, says so and resumes`() throws {
    try folder.write([1, 2, 3], as: "a.jpg")
    let camera = try camera()
    let event = camera.seeNext()
    guard case .state(.waiting(let reason)) = event else {
      Issue.record("expected waiting, not \(event)")
      return
    }
    #expect(reason.contains(folder.path))
    #expect(camera.seeNext(timeout: .milliseconds(10)) == .timedOut)
    try folder.write(jpegHead(width: 9, height: 9), as: "a.jpg")
    #expect(take(camera.holdNext())?.width == 9)
    if case .streaming = camera.state {} else { Issue.record("expected streaming, not \(camera.state)") }
  }

  @Test func `with all buffers leased it waits, and goes on when one comes back`() throws {
    try folder.write(jpegHead(width: 1, height: 1), as: "a.jpg")
    let camera = try openCamera("folder:\(folder.path)", settings: CameraSettings(frameRate: .infinity, bufferCount: 2))
    let first = camera.holdNext()
    let second = camera.holdNext()
    #expect(camera.seeNext(timeout: .milliseconds(5)) == .timedOut)
    #expect(take(second)?.sequence == 1)
    #expect(camera.seeNext().frame?.sequence == 2)
    #expect(take(first)?.sequence == 0)
  }

  /// Where a frame's bytes lie.
  private func place(_ frame: consuming Frame?) -> Int? {
    guard let frame = consume frame else { return nil }
    return unsafe Int(bitPattern: frame.view.planes.0.base)
  }

  @Test func `a buffer holds the largest image of the folder from the start, and of each round from its start`() throws {
    try folder.write(jpegHead(width: 1, height: 1), as: "a.jpg")
    try folder.write(jpegHead(width: 2, height: 2) + [UInt8](repeating: 0, count: 100_000), as: "b.jpg")
    let camera = try camera()
    let small = place(camera.holdNext())
    try folder.write(jpegHead(width: 3, height: 3) + [UInt8](repeating: 0, count: 3_000_000), as: "c.jpg")
    // The same buffer each time, as the one that came back last is taken first.
    let large = place(camera.holdNext())
    #expect(small != nil && small == large)
    // It is of the next round.
    let again = place(camera.holdNext())
    #expect(place(camera.holdNext()) == again && place(camera.holdNext()) == again)
  }

  @Test(arguments: [(1000, 1000), (600, 1000), (20, 20)])
  func `buffers have the memory that is expected last, those that are leased when they are filled next`(last: Int, each: Int) throws {
    let pool = HeapBufferPool(count: 3, byteCount: 10)
    let leased = try #require(pool.take(until: MonotonicClock.now()))
    pool.expect(1000)
    #expect(pool.byteCount == 2 * 1000 + 10)
    #expect(unsafe pool.bytes(of: leased, atLeast: 1).count == 1000)
    // Less than half gives memory back.
    pool.expect(last)
    #expect(pool.byteCount == 2 * each + 1000)
    pool.takeBack(leased)
    for _ in 0..<3 {
      let buffer = try #require(pool.take(until: MonotonicClock.now()))
      #expect(unsafe pool.bytes(of: buffer, atLeast: 1).count == each)
    }
    #expect(pool.take(until: MonotonicClock.now()) == nil, "each buffer is free once")
  }

  @Test func `what one buffer is filled with once is asked of no other, nor kept`() throws {
    let pool = HeapBufferPool(count: 2, byteCount: 10)
    let buffer = try #require(pool.take(until: MonotonicClock.now()))
    #expect(unsafe pool.bytes(of: buffer, atLeast: 1000).count == 1000)
    #expect(pool.byteCount == 1010)
    #expect(unsafe pool.bytes(of: buffer, atLeast: 1).count == 10)
  }

  @Test func `a buffer is as large as the largest image of which a header tells its pixels`() throws {
    let zeros = [UInt8](repeating: 0, count: 100_000)
    let whole = jpegHead(width: 2, height: 2) + [UInt8](repeating: 0, count: 999)
    try folder.write(whole, as: "a.jpg")
    try folder.write(zeros, as: "b.jpg")
    try folder.write([0xFF, 0xD8] + zeros, as: "c.jpg")
    try folder.write(Array("P6 5000 5000 255\n".utf8) + zeros, as: "d.ppm")
    let replayed = ReplayedFolder(path: folder.path)
    #expect(try replayed.round().largest == whole.count)
    // Three times its pixels, though the file is smaller.
    try folder.write(Array("P5 30 20 255\n".utf8) + zeros.prefix(600), as: "e.pgm")
    #expect(try replayed.round().largest == 1800)
    try folder.write(Array("P6 30 30 255\n".utf8) + zeros.prefix(2700), as: "f.ppm")
    #expect(try replayed.round().largest == 2713)
  }

  @Test func `a large file that is no image is read into one buffer, which the next image makes small again`() throws {
    let image = jpegHead(width: 2, height: 2)
    try folder.write(image, as: "a.jpg")
    try folder.write([UInt8](repeating: 0, count: 1_000_000), as: "b.jpg")
    let camera = try FolderCamera(path: folder.path, settings: CameraSettings(frameRate: .infinity, bufferCount: 3))
    _ = camera.holdNext()
    for _ in 0..<3 { #expect(take(camera.holdNext())?.width == 2) }
    #expect(camera.counters.unreadable >= 2)
    #expect(camera.pool.byteCount == 3 * image.count)
  }

  @Test func `a large image that is gone leaves its buffers small in the round after the next`() throws {
    let image = jpegHead(width: 2, height: 2)
    try folder.write(image, as: "a.jpg")
    try folder.write(jpegHead(width: 3, height: 3) + [UInt8](repeating: 0, count: 1_000_000), as: "b.jpg")
    let camera = try FolderCamera(path: folder.path, settings: CameraSettings(frameRate: .infinity, bufferCount: 3))
    #expect(camera.pool.byteCount > 3_000_000)
    for width in [2, 3] { #expect(take(camera.holdNext())?.width == width) }
    try FileManager.default.removeItem(atPath: folder.path + "/b.jpg")
    for _ in 0..<2 { #expect(take(camera.holdNext())?.width == 2) }
    #expect(camera.pool.byteCount == 3 * image.count)
  }

  @Test(arguments: [
    ("folder:/no/such/place", CameraSettings(), CaptureError.Code.notFound, "/no/such/place"),
    ("folder:/etc/hostname", CameraSettings(), .notFound, "name the folder"),
    ("folder:/proc/self/fd", CameraSettings(), .notFound, ".jpg"),
    ("folder:/tmp", CameraSettings(format: .yuyv), .badSetting, "format"),
    ("folder:/tmp", CameraSettings(seed: 3), .badSetting, "seed"),
    ("folder:/tmp", CameraSettings(frameRate: -1), .badSetting, "frame rate"),
    ("folder:/tmp", CameraSettings(bufferCount: 1), .badSetting, "buffers"),
    ("folder", CameraSettings(), .unknownSource, "simulated:conveyor"),
    ("folder:", CameraSettings(), .unknownSource, "folder:"),
    ("rtsp://camera", CameraSettings(), .unknownSource, "rtsp"),
    ("simulated:ocean", CameraSettings(), .unknownSource, "simulated:conveyor"),
    ("simulated:conveyor", CameraSettings(loop: true), .badSetting, "loop"),
  ])
  func `a source that can't be is refused with what to do`(text: String, settings: CameraSettings, code: CaptureError.Code, part: String) {
    let error = #expect(throws: CaptureError.self) { try openCamera(text, settings: settings) }
    #expect(error?.code == code)
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
  }

  @Test func `frames are in step with the monotonic clock, so that others can be in step with them`() {
    let interval = UInt64(10_000_000)
    let (metronome, other) = (Metronome(rate: 100, isInPhase: true), Metronome(rate: 100))
    let end = MonotonicClock.now().advanced(by: .seconds(60))
    for _ in 0..<3 {
      guard case .now = metronome.wait(until: end), case .now = other.wait(until: end) else { return #expect(Bool(false), "a beat is missing") }
      #expect(metronome.due.map { $0.nanoseconds % interval } == 0)
    }
    #expect(other.due != nil)
  }
}
