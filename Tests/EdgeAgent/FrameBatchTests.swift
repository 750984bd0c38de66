import CAllocationCounter
import Capture
import Foundation
import Imaging
import ModelManifest
import Pipelines
import Supervision
import TestBroker
import TestPackages
import Testing

@testable import EdgeAgent

/// Frames of several pipelines in one run of a model whose scores are the colour of what it sees.
@Suite struct FrameBatchTests {
  /// A member on a thread of its own, which shows it one colour.
  private final class Member: Sendable {
    let processor: FrameProcessor
    let number: Int

    init(_ package: ModelPackage, _ number: Int) throws {
      processor = try FrameProcessor(package, threshold: nil, threads: 1)
      self.number = number
    }

    /// One frame's way through a round.
    /// - Parameter colour: nil for no frame after all.
    /// - Returns: the best label's index and in how many frames' run.
    func go(_ batch: FrameBatch, _ turns: ProcessorTurns, _ result: FrameResult, _ colour: [UInt8]?) -> (label: Int, count: Int)? {
      let turn = batch.join(number, turns)
      let isLeader = turn != nil
      var isPrepared = false
      if let colour {
        isPrepared = unsafe colour.withUnsafeBytes { bytes in
          let view = unsafe ImageView(format: .rgb24, width: 1, height: 1, bytesPerLine: 3, bytes: bytes)
          return processor.prepare(view, into: result, from: MonotonicClock.now()) == .prepared
        }
      }
      let slot = batch.report(isPrepared ? processor : nil)
      if isLeader { batch.run() } else { batch.waitForRun() }
      var hasRun = false
      if let slot { hasRun = batch.decode(slot, by: processor, into: result, preparedAt: MonotonicClock.now()) }
      batch.leave(asLeader: isLeader)
      _ = consume turn
      // By index: in debug builds `first` allocates.
      return hasRun ? (result.detections.isEmpty ? -1 : result.detections[0].label, result.batchCount) : nil
    }
  }

  /// The only processor, while the test has it.
  private final class Held {
    private var turn: ProcessorTurn?

    init(_ turns: ProcessorTurns) { turn = turns.begin(1) }

    func giveBack() { turn = nil }
  }

  private static let package = Result { try ModelPackage(ColourPackage.bytes(upTo: 4), origin: "colours") }
  private static let colours: [[UInt8]] = [[200, 10, 10], [10, 200, 10], [10, 10, 200]]

  private static func batch(_ members: [Member], _ settings: PipelineSettings.Batch) throws -> FrameBatch {
    try FrameBatch(try package.get(), like: members[0].processor, settings, threads: 1, members: members.count)
  }

  private static func result(_ processor: FrameProcessor) -> FrameResult {
    let description = PipelineDescription(PipelineSettings(name: "p", camera: "c", modelPath: ""), processor.manifest)
    return FrameResult(pipeline: description, detectionLimit: processor.detectionLimit)
  }

  @Test func `who joins while the turn is waited for runs with the leader, and each gets what its own frame shows`() throws {
    let members = try (0..<3).map { try Member(try Self.package.get(), $0) }
    let batch = try Self.batch(members, .init(most: 4, wait: .seconds(3600)))
    let (turns, told) = (ProcessorTurns(processorCount: 1), Recorder<[Int]>())
    let held = Held(turns)
    for member in members {
      Thread.detachNewThread {
        let found = member.go(batch, turns, Self.result(member.processor), Self.colours[member.number])
        told.append([member.number, found?.label ?? -1, found?.count ?? 0])
      }
      // One after the other, so that the first one is alone when it looks for others.
      while batch.joinedCount < member.number + 1 { sched_yield() }
    }
    #expect(told.all.isEmpty)
    held.giveBack()
    #expect(told.wait { $0.count == 3 })
    #expect(Set(told.all) == [[0, 0, 3], [1, 1, 3], [2, 2, 3]])
  }

  @Test func `those that are expected are waited for, and nobody who has excused itself`() throws {
    let members = try (0..<2).map { try Member(try Self.package.get(), $0) }
    // Whoever waited for one that doesn't come would do so for ever.
    let batch = try Self.batch(members, .init(most: 2, wait: .seconds(3600)))
    let (turns, told) = (ProcessorTurns(processorCount: 2), Recorder<[Int]>())
    func go(_ member: Member) {
      Thread.detachNewThread {
        let found = member.go(batch, turns, Self.result(member.processor), Self.colours[member.number])
        told.append([member.number, found?.label ?? -1, found?.count ?? 0])
      }
    }
    // Alone in the first round each: nobody is expected yet. Then the first is expected, and the second, too.
    go(members[0])
    #expect(told.wait { $0.count == 1 } && told.all == [[0, 0, 1]])
    go(members[1])
    while batch.joinedCount < 1 { sched_yield() }
    #expect(told.all.count == 1)
    go(members[0])
    #expect(told.wait { $0.count == 3 })
    #expect(Set(told.all.dropFirst()) == [[0, 0, 2], [1, 1, 2]])
    go(members[1])
    while batch.joinedCount < 1 { sched_yield() }
    batch.excuse(0)
    #expect(told.wait { $0.count == 4 } && told.all[3] == [1, 1, 1])
  }

  @Test func `who was away for a few rounds isn't waited for`() throws {
    let members = try (0..<3).map { try Member(try Self.package.get(), $0) }
    // Whoever waited for one that doesn't come would do so for ever.
    let batch = try Self.batch(members, .init(most: 2, wait: .seconds(3600)))
    let (turns, told) = (ProcessorTurns(processorCount: 2), Recorder<[Int]>())
    #expect(members[2].go(batch, turns, Self.result(members[2].processor), Self.colours[2])?.count == 1)
    let rounds = Int(FrameBatch.longestAbsence) + 2
    // Two fill a round and need no third one.
    for number in 0...1 {
      let member = members[number]
      Thread.detachNewThread {
        let result = Self.result(member.processor)
        for _ in 0..<rounds { told.append([number, member.go(batch, turns, result, Self.colours[number])?.count ?? 0]) }
        batch.excuse(number)
        if number == 0 { told.append([2, member.go(batch, turns, result, Self.colours[number])?.count ?? 0]) }
      }
    }
    #expect(told.wait { $0.count == 2 * rounds + 1 }, "\(told.all)")
  }

  @Test func `a frame that can't be used costs a full round no more than itself`() throws {
    let members = try (0..<3).map { try Member(try Self.package.get(), $0) }
    let batch = try Self.batch(members, .init(most: 3, wait: .seconds(3600)))
    let (turns, told) = (ProcessorTurns(processorCount: 1), Recorder<[Int]>())
    let held = Held(turns)
    for member in members {
      Thread.detachNewThread {
        // The first one, which leads, is too short; it is what a late one is, too.
        let found = member.go(batch, turns, Self.result(member.processor), member.number == 0 ? [1] : Self.colours[member.number])
        told.append([member.number, found?.label ?? -1, found?.count ?? 0])
      }
      while batch.joinedCount < member.number + 1 { sched_yield() }
    }
    held.giveBack()
    #expect(told.wait { $0.count == 3 })
    #expect(Set(told.all) == [[0, -1, 0], [1, 1, 2], [2, 2, 2]])
  }

  @Test func `a faulty frame is faulty by itself, and no other one of its round`() throws {
    let package = try ModelPackage(ColourPackage.bytes(upTo: 2, looksUp: true), origin: "table")
    let members = try (0..<2).map { try Member(package, $0) }
    let batch = try FrameBatch(package, like: members[0].processor, .init(most: 2, wait: .seconds(3600)), threads: 1, members: 2)
    let (turns, told) = (ProcessorTurns(processorCount: 1), Recorder<[Int]>())
    for (bad, faults) in [(UInt8(0), [UInt64(0), 0]), (255, [1, 0])] {
      let (held, before) = (Held(turns), told.all.count)
      for member in members {
        Thread.detachNewThread {
          let found = member.go(batch, turns, Self.result(member.processor), [member.number == 0 ? bad : 0, 0, 0])
          told.append([member.number, found?.count ?? 0])
        }
        while batch.joinedCount < member.number + 1 { sched_yield() }
      }
      held.giveBack()
      #expect(told.wait { $0.count == before + 2 })
      #expect(Set(told.all.suffix(2)) == [[0, 2], [1, 2]])
      #expect(members.map(\.processor.faultCount) == faults)
    }
  }

  @Test func `a pipeline whose lighter model takes over leaves its round to the others, and comes back with its own`() throws {
    let (own, other) = (try Member(try Self.package.get(), 0), try Member(try Self.package.get(), 1))
    let batch = try Self.batch([own, other], .init(most: 2, wait: .seconds(3600)))
    own.processor.join(batch, as: 0)
    let turns = ProcessorTurns(processorCount: 2)
    let results = BoundedQueue<FrameResult>(capacity: PipelineWorker.resultCount, policy: .rejectNewest)
    let worker = PipelineWorker(
      PipelineSettings(name: "p", camera: "c", modelPath: ""), processor: own.processor,
      lighter: try FrameProcessor(try ModelPackage(ColourPackage.bytes(), origin: "light"), threshold: nil, threads: 1), turns: turns, results: results,
      ledger: ProgressLedger(), log: AgentLog(name: "test") { _ in }, onEnd: { _ in })
    let camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (160, 120), frameRate: .infinity))
    defer { camera.stop() }
    try worker.start()
    func see() throws -> Int {
      while true {
        guard case .frame(let frame) = camera.nextFrame(timeout: .seconds(10)) else { continue }
        worker.give(frame)
        let result = try #require(results.pop(timeout: .seconds(60)))
        defer { worker.recycle(result) }
        return result.batchCount
      }
    }
    #expect(try see() == 1 && worker.statistics.snapshot.batched == 1)
    worker.degradation = 1
    #expect(try see() == 1 && worker.runsLighter && worker.statistics.snapshot.batched == 1)
    // It isn't expected: the other would wait for an hour.
    let told = Recorder<Int>()
    func go() { Thread.detachNewThread { told.append(other.go(batch, turns, Self.result(other.processor), Self.colours[1])?.count ?? 0) } }
    go()
    #expect(told.wait { $0 == [1] })
    worker.degradation = 0
    go()
    while batch.joinedCount == 0, told.all.count == 1 { sched_yield() }
    batch.excuse(1)
    _ = try see()
    #expect(!worker.runsLighter && worker.statistics.snapshot.batched == 2)
    worker.mailbox.close()
    worker.join()
  }

  @Test func `who doesn't come is waited for no longer than was said`() throws {
    let members = try (0..<2).map { try Member(try Self.package.get(), $0) }
    let batch = try Self.batch(members, .init(most: 2, wait: .milliseconds(1)))
    let turns = ProcessorTurns(processorCount: 1)
    let results = members.map { Self.result($0.processor) }
    #expect(members[1].go(batch, turns, results[1], Self.colours[1])?.count == 1)
    for _ in 0..<20 { #expect(members[0].go(batch, turns, results[0], Self.colours[2])! == (2, 1)) }
  }

  @Test func `a member without a frame holds up nobody`() throws {
    let members = try (0..<2).map { try Member(try Self.package.get(), $0) }
    let batch = try Self.batch(members, .init(most: 2, wait: .seconds(3600)))
    let (turns, told) = (ProcessorTurns(processorCount: 1), Recorder<Int>())
    let held = Held(turns)
    // The one that leads has no frame any more when its turn comes.
    Thread.detachNewThread { told.append(members[0].go(batch, turns, Self.result(members[0].processor), nil) == nil ? -1 : 0) }
    while batch.joinedCount < 1 { sched_yield() }
    Thread.detachNewThread { told.append(members[1].go(batch, turns, Self.result(members[1].processor), Self.colours[1])?.label ?? 7) }
    while batch.joinedCount < 2 { sched_yield() }
    #expect(told.all.isEmpty)
    held.giveBack()
    #expect(told.wait { $0.count == 2 })
    #expect(Set(told.all) == [-1, 1])
    #expect(batch.joinedCount == 0)
  }

  @Test func `more than fit come in the order in which they asked, and none is left`() throws {
    let members = try (0..<3).map { try Member(try Self.package.get(), $0) }
    let batch = try Self.batch(members, .init(most: 2, wait: .milliseconds(1)))
    let (turns, told) = (ProcessorTurns(processorCount: 2), Recorder<[Int]>())
    for member in members {
      Thread.detachNewThread {
        let result = Self.result(member.processor)
        for _ in 0..<100 {
          guard let found = member.go(batch, turns, result, Self.colours[member.number]), found.label == member.number, found.count <= 2 else { return }
        }
        told.append([member.number])
      }
    }
    #expect(told.wait { $0.count == 3 })
  }

  @Test(.enabled(if: allocation_counter_works())) func `a round allocates nothing`() throws {
    let members = try (0..<2).map { try Member(try Self.package.get(), $0) }
    // Who has come once is waited for: so both are in each round, once both have been in one.
    let batch = try Self.batch(members, .init(most: 2, wait: .seconds(3600)))
    let (turns, result) = (ProcessorTurns(processorCount: 2), Self.result(members[0].processor))
    let (colour, ended, rounds) = (Self.colours[0], Recorder<Int>(), 100)
    #expect(members[0].go(batch, turns, result, colour)!.count == 1)
    Thread.detachNewThread {
      let (member, result, colour) = (members[1], Self.result(members[1].processor), Self.colours[1])
      for _ in 0..<rounds { _ = member.go(batch, turns, result, colour) }
      batch.excuse(1)
      ended.append(1)
    }
    var together = 0
    while together < 5 { if members[0].go(batch, turns, result, colour)!.count == 2 { together += 1 } }
    let before = allocation_count()
    for _ in 0..<50 { if members[0].go(batch, turns, result, colour)!.count == 2 { together += 1 } }
    #expect(allocation_count() == before)
    #expect(together == 55)
    batch.excuse(0)
    #expect(ended.wait { $0.count == 1 })
  }

  @Test func `a round takes a processor for each image that it may have, or the model's threads where these are more`() throws {
    let members = try (0..<3).map { try Member(try Self.package.get(), $0) }
    for (threads, most, count) in [(1, 4, 3), (1, 2, 2), (4, 2, 4)] {
      let batch = try FrameBatch(try Self.package.get(), like: members[0].processor, .init(most: most), threads: threads, members: 3)
      #expect(batch.threadCount == count)
    }
  }

  @Test func `a package for one image says how to compile it`() throws {
    let package = try ModelPackage(ColourPackage.bytes(), origin: "colours")
    let processor = try FrameProcessor(package, threshold: nil, threads: 1)
    let error = #expect(throws: EdgeAgentError.self) { try FrameBatch(package, like: processor, .init(), threads: 1, members: 4) }
    #expect(
      error?.code == .configuration && error?.message.contains("colours: it takes no 2 images at a time; compile it with --shape image=1..4x3x1x1") == true)
    // Between one and three are open, and four are wanted.
    let three = try ModelPackage(ColourPackage.bytes(upTo: 3), origin: "three")
    #expect(throws: EdgeAgentError.self) { try FrameBatch(three, like: processor, .init(), threads: 1, members: 4) }
  }

  @Test func `a package from the store that takes one image runs each pipeline by itself, and no agent fails to start`() async throws {
    let trial = try AgentTrial { options in
      options.openModel = { _, _ throws(EdgeAgentError) in
        do throws(ModelPackageError) { return try ModelPackage(ColourPackage.bytes(), origin: "colours") } catch {
          throw EdgeAgentError(.model, error.description)
        }
      }
    }
    let path = try trial.folder.file("colours.swiftlet", "known by its file")
    var configuration = try trial.configuration(frames: 2)
    configuration.pipelines.append(configuration.pipelines[0])
    configuration.pipelines[1].name = "second"
    for at in 0...1 { (configuration.pipelines[at].batch, configuration.pipelines[at].model) = (.init(), .path(path)) }
    let byPath = configuration
    let error = await #expect(throws: EdgeAgentError.self) { try await trial.agent.run(byPath) }
    #expect(error?.code == .configuration && error?.message.contains("pipeline surface: batch: ") == true)
    for at in 0...1 { configuration.pipelines[at].model = .named("colours", folder: trial.folder.path) }
    let other = try AgentTrial { options in options.openModel = trial.agent.options.openModel }
    try await other.agent.run(configuration)
    #expect(other.seen.all.count == 4)
    #expect(other.lines.all.filter { $0.contains("batch: ") && $0.contains("compile it with --shape") && $0.contains("its frames run alone") }.count == 2)
  }

  @Test func `a check says what keeps pipelines from running together`() throws {
    let folder = try TemporaryFolder()
    for (name, limit) in [("one", 1), ("four", 4)] {
      try Data(ColourPackage.bytes(upTo: limit)).write(to: URL(fileURLWithPath: "\(folder.path)/\(name).swiftlet"))
    }
    func read(_ a: String, _ b: String) -> (mistakes: [String], warnings: [String]) {
      let lines = ["device: {id: a, site: b}", "cameras: {top: {source: simulated:conveyor}}", "pipelines:", "  a: {\(a)}", "  b: {\(b)}", ""]
      let reading = AgentConfiguration.read(Array(lines.joined(separator: "\n").utf8), file: folder.path + "/f.yaml", opensModels: true)
      return (reading.mistakes.map(\.message), reading.warnings.map(\.message))
    }
    let four = "camera: top, model: four.swiftlet"
    let good = read("\(four), batch: {most: 2, wait: 2 ms}", "\(four), batch: {most: 2, wait: 2 ms}")
    #expect(good.mistakes.isEmpty && !good.warnings.contains { $0.contains("batch") }, "\(good)")
    #expect(read("\(four), batch: {most: 2}", "\(four), batch: {most: 3}").mistakes.allSatisfy { $0.contains("runs the same model with another \"batch\"") })
    #expect(read("\(four), batch: {}", four).warnings.contains { $0.contains("its frames run alone") })
    #expect(read("\(four), batch: {}", "after: a, model: four.swiftlet").mistakes.contains { $0.contains("b comes after it") })
    #expect(read("\(four), batch: {}, backend: auto", "\(four), batch: {}").mistakes.contains { $0.contains("remove \"batch\" or \"backend\"") })
    #expect(read(four, "after: a, model: four.swiftlet, batch: {}").mistakes.count == 1)
    let one = "camera: top, model: one.swiftlet, batch: {}"
    #expect(read(one, one).mistakes.count == 2 && read(one, one).mistakes[0].contains("compile it with --shape image=1..2x3x1x1"), "\(read(one, one))")
    for bad in ["{most: 1}", "{wait: 1 s}", "{many: 2}"] { #expect(read("\(four), batch: \(bad)", four).mistakes.count == 1, "\(bad)") }
  }

  @Test func `an agent's cameras run together, and it counts how many`() async throws {
    let trial = try AgentTrial { options in
      options.openModel = { _, _ throws(EdgeAgentError) in
        do throws(ModelPackageError) { return try ModelPackage(ColourPackage.bytes(upTo: 4), origin: "colours") } catch {
          throw EdgeAgentError(.model, error.description)
        }
      }
    }
    let path = try trial.folder.file("colours.swiftlet", "known by its file")
    var configuration = try trial.configuration()
    (configuration.cameras, configuration.pipelines) = ([], [])
    for (name, pixel) in [("red", "~  "), ("green", " ~ "), ("blue", "  ~")] {
      _ = try trial.folder.file("\(name)/one.ppm", "P6 4 4 255\n" + String(repeating: pixel, count: 16))
      configuration.cameras.append(
        NamedCamera(name: name, source: .folder("\(trial.folder.path)/\(name)"), settings: CameraSettings(frameRate: 50)))
      var pipeline = PipelineSettings(name: name, camera: name, modelPath: path)
      // Who has come once is waited for, however the threads are scheduled.
      (pipeline.threads, pipeline.batch) = (1, .init(most: 4, wait: .seconds(3600)))
      configuration.pipelines.append(pipeline)
    }
    let whole = configuration
    let running = Task { try await trial.agent.run(whole) }
    // Behind the round in which the last came for the first time all of them come, until one has ended.
    #expect(
      await trial.seen.eventually { seen in
        guard let first = seen.indices.first(where: { Set(seen[...$0].map(\.pipeline)).count == 3 }) else { return false }
        return whole.pipelines.allSatisfy { pipeline in seen[first...].count { $0.pipeline == pipeline.name } > 2 }
      })
    trial.agent.stop()
    try await running.value
    #expect(trial.seen.all.allSatisfy { $0.labels.first == $0.pipeline })
    let statistics = try #require(trial.agent.status).pipelines.map(\.statistics)
    #expect(statistics.allSatisfy { $0.batched == $0.processed && $0.batchedFrames >= $0.batched + 2 })
  }
}
