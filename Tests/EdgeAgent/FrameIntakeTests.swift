import Capture
@testable import EdgeAgent
import Testing

@Suite struct FrameIntakeTests {
  /// Puts three frames in and takes out what there is.
  private func numbers(keepsEach: Bool) throws -> (taken: [UInt64], dropped: UInt64) {
    let camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (96, 96), frameRate: 200))
    defer { camera.stop() }
    let intake = FrameIntake(keepsEach: keepsEach)
    var put: [UInt64] = []
    while put.count < 3 {
      guard case .frame(let frame) = camera.nextFrame(timeout: .seconds(5)) else { continue }
      put.append(frame.sequence)
      intake.put(frame)
    }
    var taken: [UInt64] = []
    while let frame = intake.take(timeout: .zero) { taken.append(frame.sequence) }
    intake.close()
    #expect(intake.isFinished && intake.take() == nil)
    return (taken.map { UInt64(put.firstIndex(of: $0) ?? 9) }, intake.dropCount)
  }

  @Test func `the newest frame wins, but a part's frame is never replaced by another`() throws {
    let newest = try numbers(keepsEach: false)
    #expect(newest.taken == [2] && newest.dropped == 2)
    // What finds no room is refused, and so comes to be missing in the camera's count.
    let each = try numbers(keepsEach: true)
    #expect(each.taken == [0, 1] && each.dropped == 1)
  }
}
