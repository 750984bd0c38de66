import Capture
import Imaging
import Pipelines
import Testing

@Suite struct SimulatedCameraTests {
  private let settings = CameraSettings(size: (160, 120), frameRate: .infinity, seed: 5, defectRate: 1, bufferCount: 2)

  @Test func `frames carry the scene's pixels and its truth`() throws {
    let camera = try openCamera("simulated:conveyor", settings: settings)
    let format = StreamFormat(pixelFormat: .rgb24, encoding: .bt601Full, width: 160, height: 120, frameRate: .infinity)
    #expect(camera.seeNext() == .state(.streaming(format)))
    var options = ConveyorOptions()
    (options.width, options.height, options.seed, options.defectRate) = (160, 120, 5, 1)
    let scene = try ConveyorScene(options: options)
    for frame in 0..<3 {
      var pixels = [UInt8](repeating: 0, count: scene.frameByteCount)
      unsafe pixels.withUnsafeMutableBufferPointer { unsafe scene.render(frame: frame, into: $0) }
      let seen = camera.seeNext().frame
      #expect(seen?.bytes == pixels)
      #expect(seen?.truth == scene.groundTruth(frame: frame))
      #expect(seen?.sequence == UInt64(frame))
    }
  }

  @Test func `a shared frame keeps its pixels until its last lease dies, also beyond the camera`() throws {
    var camera: (any CameraSource)? = try openCamera("simulated:conveyor", settings: settings)
    guard let frame = camera?.holdNext() else {
      Issue.record("no frame")
      return
    }
    let pixels = Seen(frame).bytes
    let other = frame.share()
    _ = consume frame
    #expect(take(camera?.holdNext())?.sequence == 1)
    camera?.stop()
    #expect(camera?.seeNext() == .ended)
    camera = nil
    #expect(Seen(other).bytes == pixels)
  }

  @Test func `a frame is given back only with its last lease`() throws {
    let camera = try openCamera("simulated:conveyor", settings: settings)
    let first = camera.holdNext()
    let second = camera.holdNext()
    let shared = second?.share()
    _ = consume second
    #expect(camera.seeNext(timeout: .milliseconds(5)) == .timedOut)
    #expect(take(shared)?.sequence == 1)
    #expect(camera.seeNext().frame?.sequence == 2)
    #expect(take(first)?.sequence == 0)
  }

  @Test func `stopping from another thread wakes a camera that waits for its next beat`() throws {
    let camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (96, 96), frameRate: 0.001))
    #expect(take(camera.holdNext())?.sequence == 0)
    let thread = try DataPlaneThread(name: "stopper") { camera.stop() }
    #expect(camera.seeNext(timeout: .seconds(3600)) == .ended)
    thread.join()
    #expect(camera.state == .ended)
  }

  @Test func `frames that nobody fetched in time are missed and leave a gap`() throws {
    let camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (96, 96), frameRate: 1000))
    #expect(take(camera.holdNext())?.sequence == 0)
    let deadline = MonotonicClock.now().advanced(by: .milliseconds(20))
    while MonotonicClock.now() < deadline {}
    let next = take(camera.holdNext())?.sequence ?? 0
    #expect(next >= 10)
    #expect(camera.counters.missed == next - 1)
  }
}
