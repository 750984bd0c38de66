@testable import Capture
import Pipelines
import Testing

/// What of the real system can be tried without a camera.
@Suite struct KernelVideoTests {
  @Test func `stopping from another thread wakes a camera that waits for its device`() throws {
    let camera = try openCamera("v4l2:/dev/video-that-is-not-there")
    if case .state(.waiting(let reason)) = camera.seeNext() {
      #expect(reason.contains("/dev/video-that-is-not-there"))
    } else {
      Issue.record("expected waiting, not \(camera.state)")
    }
    let thread = try DataPlaneThread(name: "stopper") { camera.stop() }
    #expect(camera.seeNext(timeout: .seconds(3600)) == .ended)
    thread.join()
  }

  @Test func `a device that is no camera is told as that`() throws {
    let camera = try openCamera("v4l2:/dev/null")
    guard case .state(.waiting(let reason)) = camera.seeNext() else {
      Issue.record("expected waiting, not \(camera.state)")
      return
    }
    #expect(reason.contains("/dev/null is no camera"))
    let error = #expect(throws: CaptureError.self) { try CameraDevice(path: "/dev/null") }
    #expect(error?.code == .unsupported)
    let missing = #expect(throws: CaptureError.self) { try CameraDevice(path: "/dev/video-that-is-not-there") }
    #expect(missing?.code == .notFound)
  }

  @Test func `a name that appears in the device's folder ends the waiting`() throws {
    let folder = try TemporaryFolder()
    let system = try KernelVideo()
    let path = folder.path + "/video0"
    // The first call only sets the watch up.
    #expect(system.waitForDevice(at: path, until: system.now()) == .timedOut)
    try folder.write([], as: "video0")
    #expect(system.waitForDevice(at: path, until: system.now().advanced(by: .seconds(3600))) == .ready)
    #expect(system.waitForDevice(at: path, until: system.now()) == .timedOut)
    system.stop()
    #expect(system.waitForDevice(at: path, until: system.now().advanced(by: .seconds(3600))) == .stopped)
  }

  @Test func `listing devices gives whole descriptions, or none`() {
    for device in CameraDevice.all() { #expect(device.path.hasPrefix("/dev/video") && !device.driver.isEmpty) }
  }

  @Test(arguments: [("v4l2:video0", "/dev/video0"), ("v4l2:", "v4l2:/dev/video0")])
  func `a device is named by its whole path`(text: String, part: String) {
    let error = #expect(throws: CaptureError.self) { try openCamera(text) }
    #expect(error?.message.contains(part) == true)
  }
}
