import Capture
import Glibc
import Imaging
import Pipelines
import TestPackages

// `capture-probe DEVICE DRIVER INSTANCE` runs in the virtual machine, against a real kernel driver. It prints one line a check,
// `PASS name` or `FAIL name: reason`, and exits with 1 when one failed.
// `capture-probe colours DEVICE FORMAT…` reads the driver's colour bars in each format.
// `capture-probe planes DEVICE` reads formats whose planes lie in memory apart.
// `capture-probe sound PCM CLIP DRIVER INSTANCE` does so with a sound card; `capture-probe sound-format PCM CLIP FORMAT` looks at what it gives.
// `capture-probe package FILE` writes the model that the agent runs there: it finds the same things in every frame; `words` one that hears the same word
// in every sound.

var failures = 0

@MainActor func check(_ name: String, _ problem: String?) {
  say(problem.map { "FAIL \(name): \($0)" } ?? "PASS \(name)")
  if problem != nil { failures += 1 }
}

/// Unbuffered: the lines before a hang are the ones that matter.
func say(_ line: String) {
  let text = line + "\n"
  _ = unsafe text.withCString { unsafe Glibc.write(1, $0, text.utf8.count) }
}

/// Reads frames until `count` have come or a minute has passed.
func read(_ camera: any CameraSource, frames count: Int, judge: (borrowing Frame) -> String? = { _ in nil }) -> String? {
  let deadline = MonotonicClock.now().advanced(by: .seconds(60))
  var seen = 0
  while seen < count {
    if MonotonicClock.now() > deadline { return "only \(seen) of \(count) frames within a minute; the camera is \(camera.state)" }
    switch camera.nextFrame(timeout: .seconds(5)) {
    case .frame(let frame):
      seen += 1
      if let problem = judge(frame) { return problem }
    case .stateChanged: continue
    case .timedOut: continue
    case .ended: return "the camera ended"
    }
  }
  return nil
}

/// Waits for a state, letting frames pass.
func waitForState(of camera: any CameraSource, _ wanted: (CameraState) -> Bool) -> String? {
  let deadline = MonotonicClock.now().advanced(by: .seconds(60))
  while !wanted(camera.state) {
    if MonotonicClock.now() > deadline { return "still \(camera.state) after a minute" }
    _ = camera.nextFrame(timeout: .seconds(1))
  }
  return nil
}

/// Whether the picture has light and dark in it: a test pattern does.
func isPlain(_ frame: borrowing Frame) -> Bool {
  let plane = frame.view.planes.0
  var (least, most) = (UInt8.max, UInt8.min)
  for index in 0..<plane.byteCount {
    let value = unsafe plane.base[index]
    (least, most) = (min(least, value), max(most, value))
  }
  return most - least < 64
}

func checksum(_ frame: borrowing Frame) -> UInt64 {
  let plane = frame.view.planes.0
  return (0..<plane.byteCount).reduce(into: 0) { sum, index in unsafe sum = sum &* 31 &+ UInt64(plane.base[index]) }
}

func checkFormat(_ format: PixelFormat, device: String) -> String? {
  do throws(CaptureError) {
    let camera = try openCamera("v4l2:\(device)", settings: CameraSettings(size: (640, 480), frameRate: 30, format: format))
    defer { camera.stop() }
    var last: UInt64 = 0
    let problem = read(camera, frames: 15) { frame in
      let view = frame.view
      if view.format != format { return "the frames are \(view.format.name)" }
      if let fault = view.fault { return "the view is faulty: \(fault)" }
      if frame.sequence <= last { return "sequence \(frame.sequence) after \(last)" }
      if frame.capturedAt > MonotonicClock.now() { return "a frame from the future" }
      last = frame.sequence
      return isPlain(frame) ? "the frames are plain" : nil
    }
    let counters = camera.counters
    if counters.empty + counters.short + counters.faulty > 0 { return "unusable buffers: \(counters)" }
    return problem
  } catch {
    return error.message
  }
}

func write(_ bytes: [UInt8], to path: String) -> String? {
  let descriptor = unsafe open(path, O_WRONLY | O_CREAT, 0o644)
  guard descriptor >= 0 else { return "\(path) can't be opened (errno \(errno))" }
  defer { close(descriptor) }
  let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
  return count == bytes.count ? nil : "\(path) can't be written (errno \(errno))"
}

func isWaiting(_ state: CameraState) -> Bool {
  if case .waiting = state { true } else { false }
}

func isStreaming(_ state: CameraState) -> Bool {
  if case .streaming = state { true } else { false }
}

@MainActor func checkReplugging(device: String, driver: String, instance: String) {
  let folder = "/sys/bus/platform/drivers/\(driver)"
  guard let camera = try? openCamera("v4l2:\(device)") else { return check("open", "the source can't be made") }
  defer { camera.stop() }
  check("streams before it is unplugged", read(camera, frames: 5))
  // A consumer that still holds a frame must keep neither its pixels from lasting nor the device's name from coming back.
  guard case .frame(let held) = camera.nextFrame(timeout: .seconds(60)) else { return check("holds a frame", "none came") }
  let before = checksum(held)
  check("unplugged", write(Array(instance.utf8), to: "\(folder)/unbind"))
  check("says that it is gone", waitForState(of: camera, isWaiting))
  check("plugged in again", write(Array(instance.utf8), to: "\(folder)/bind"))
  check("resumes by itself", waitForState(of: camera, isStreaming) ?? read(camera, frames: 5))
  check("keeps a frame of before", checksum(held) == before && !isPlain(held) ? nil : "its pixels changed")
  check("counts the resumption", camera.counters.resumptions == 1 ? nil : "\(camera.counters.resumptions) resumptions")
}

let arguments = CommandLine.arguments
if arguments.count == 3, arguments[1] == "package" || arguments[1] == "words" {
  guard let problem = write(arguments[1] == "words" ? HearingPackage.bytes() : FixedPackage.bytes(), to: arguments[2]) else { exit(0) }
  say(problem)
  exit(1)
}
if arguments.count == 3, arguments[1] == "planes" {
  check("\(arguments[2]) gives two planes apart", MemoryPlanes(device: arguments[2]).problem("NM12", planes: 2))
  check("\(arguments[2]) gives three planes apart", MemoryPlanes(device: arguments[2]).problem("YM12", planes: 3))
  exit(failures == 0 ? 0 : 1)
}
if arguments.count > 3, arguments[1] == "colours" {
  for name in arguments.dropFirst(3) { check("\(arguments[2]) gives its colours as \(name)", ColourBars(device: arguments[2]).problem(in: name)) }
  exit(failures == 0 ? 0 : 1)
}
if arguments.count > 4, arguments[1].hasPrefix("sound") {
  let checks = SoundChecks(device: arguments[2], clipPath: arguments[3])
  if arguments.count == 6 { checks.checkAll(driver: arguments[4], instance: arguments[5]) } else { checks.checkFormat(arguments[4]) }
  exit(failures == 0 ? 0 : 1)
}
guard arguments.count == 4 else {
  say(
    "FAIL usage: capture-probe DEVICE DRIVER INSTANCE | colours DEVICE FORMAT… | planes DEVICE | sound PCM CLIP DRIVER INSTANCE | sound-format PCM CLIP FORMAT | package FILE | words FILE"
  )
  exit(2)
}
let (device, driver, instance) = (arguments[1], arguments[2], arguments[3])
let listed = CameraDevice.all().first { $0.path == device }
check("is listed", listed == nil ? "\(device) isn't among the cameras" : nil)
if let listed {
  say("     \(listed.name), \(listed.driver), \(listed.bus): \(listed.formats.count) formats, \(listed.controls.count) controls")
  check("offers formats and sizes", listed.formats.isEmpty || listed.formats.allSatisfy(\.sizes.isEmpty) ? "none" : nil)
  check("has a brightness control", listed.controls.contains { $0.name == "brightness" && !$0.isReadOnly } ? nil : "\(listed.controls.map(\.name))")
}
for format in [PixelFormat.yuyv, .nv12, .i420, .rgb24, .grey] {
  check("streams \(format.name)", checkFormat(format, device: device))
}
checkReplugging(device: device, driver: driver, instance: instance)
exit(failures == 0 ? 0 : 1)
