import Capture
import Outbox
import Pipelines
import SoundCapture

/// An agent's state for programs: what `swiftlet status` and the page show. Members may be added; those that are here stay.
struct StatusDocument {
  static let schema = "swiftlet/status/1"

  private let status: AgentStatus
  private let configuration: AgentConfiguration
  private let at: WallTime

  init(_ status: AgentStatus, _ configuration: AgentConfiguration, at: WallTime) {
    self.status = status
    self.configuration = configuration
    self.at = at
  }

  var encoded: [UInt8] {
    var json = JSONWriter(reserving: 8192)
    json.object {
      $0.member("schema", Self.schema)
      $0.member("version", agentVersion)
      $0.member("site", configuration.device.site)
      $0.member("device", configuration.device.identifier)
      $0.member("at", at.rfc3339)
      $0.member("clock", ClockStatus.current().rawValue)
      $0.member("uptime_s", max(0, status.uptime.components.seconds))
      $0.member("summary", status.line(unkeptBefore: status.unkept))
      $0.member("cameras", array: { for camera in status.cameras { $0.object { write(camera, &$0) } } })
      $0.member("pipelines", array: { for pipeline in status.pipelines { $0.object { write(pipeline, &$0) } } })
      $0.member("speech", array: { for speech in status.speech { $0.object { write(speech, &$0) } } })
      $0.member("gates", array: { for gate in status.gates { $0.object { write(gate, &$0) } } })
      $0.member("outbox", object: { writeOutbox(&$0) })
      $0.key("broker")
      if let broker = status.broker { $0.object { writeBroker(broker, &$0) } } else { $0.null() }
      $0.member("machine", object: { writeMachine(&$0) })
      $0.member("degradation", object: { writeDegradation(&$0) })
      $0.key("updates")
      if let models = status.models { $0.object { models.writeMembers(to: &$0) } } else { $0.null() }
    }
    return json.bytes
  }

  private func write(_ camera: AgentStatus.Camera, _ json: inout JSONWriter) {
    json.member("name", camera.name)
    json.member("source", configuration.cameras.first { $0.name == camera.name }?.source.description ?? "")
    json.member("state", camera.state.word)
    switch camera.state {
    case .waiting(let reason): json.member("reason", reason)
    case .streaming(let format):
      json.member("width", format.width)
      json.member("height", format.height)
      json.member("format", format.pixelFormat.name)
      if let rate = format.frameRate, rate.isFinite { json.member("announced_rate", rate) }
    case .starting, .ended: break
    }
    json.member("delivered", camera.counters.delivered)
    json.member("lost", object: { for (reason, count) in camera.counters.losses { $0.member(reason, count) } })
    json.member("resumptions", camera.counters.resumptions)
  }

  private func write(_ pipeline: AgentStatus.Pipeline, _ json: inout JSONWriter) {
    let statistics = pipeline.statistics
    json.member("name", pipeline.description.name)
    json.member("camera", pipeline.description.camera)
    json.member("state", status.state(of: pipeline))
    json.member(
      "model",
      object: {
        $0.member("name", pipeline.description.modelName)
        $0.member("version", pipeline.description.modelVersion)
      })
    if let isLight = pipeline.isLight {
      json.key("lighter")
      json.boolean(isLight)
    }
    json.member("backend", object: { write(pipeline.backend, &$0) })
    json.member("frame_rate", pipeline.frameRate)
    json.member("processed", statistics.processed)
    json.member("with_detections", statistics.withDetections)
    if statistics.preparedAside > 0 { json.member("prepared_aside", statistics.preparedAside) }
    json.member("dropped", object: { for (reason, count) in statistics.drops { $0.member(reason, count) } })
    json.member(
      "left_out",
      object: {
        $0.member("paused", statistics.passedOver)
        $0.member("strained", statistics.spared)
      })
    if let batch = statistics.meanBatch { json.member("mean_batch", batch) }
    json.member("reused", statistics.reused)
    json.member("unneeded", statistics.unneeded)
    json.member("crops_left_out", statistics.leftOut)
    if let decided = statistics.decided {
      json.member(
        "decisions",
        object: {
          $0.member("events", decided.begun)
          $0.member("passed", decided.passed)
          $0.member("rejected", decided.rejected)
          $0.member("unjudged", decided.unjudged)
          $0.member("unowned", decided.unowned)
          $0.member("overfull", decided.overfull)
        })
    }
    json.member(
      "latency_ms",
      object: {
        for stage in PipelineStage.allCases {
          let latency = statistics.latency(of: stage)
          $0.member(
            stage.rawValue, object: { for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] { Self.write(name, latency.percentile(share), &$0) } })
        }
      })
    json.member("recent", array: { for finding in pipeline.recent { $0.object { Self.write(finding, &$0) } } })
  }

  private func write(_ backend: BackendChoice, _ json: inout JSONWriter) {
    json.member("runs_on", backend.engine.rawValue)
    json.member("wanted", backend.wanted.rawValue)
    json.member("reason", backend.reason)
    if let trouble = backend.alarm { json.member("trouble", trouble) }
  }

  private static func write(_ name: String, _ duration: Duration?, _ json: inout JSONWriter) {
    json.key(name)
    if let duration { json.number(duration / .milliseconds(1)) } else { json.null() }
  }

  private static func write(_ finding: RecentDetections.Finding, _ json: inout JSONWriter) {
    json.member("at", finding.capturedAt.rfc3339)
    json.member("frame", finding.frameNumber)
    json.member("count", finding.count)
    json.member(
      "detections",
      array: {
        for item in finding.items {
          $0.object {
            $0.member("label", item.label)
            $0.member("score", (item.score * 1000).rounded() / 1000)
          }
        }
      })
  }

  private func write(_ speech: AgentStatus.Speech, _ json: inout JSONWriter) {
    json.member("name", speech.description.name)
    json.member("microphone", speech.description.microphone)
    json.member("state", speech.isPaused ? "paused" : speech.state.word)
    if case .waiting(let reason) = speech.state { json.member("reason", reason) }
    json.member(
      "model",
      object: {
        $0.member("name", speech.description.modelName)
        $0.member("version", speech.description.modelVersion)
      })
    json.member("utterances", speech.statistics.utterances)
    json.member("commands", speech.statistics.commands)
    json.member("unrecorded", speech.statistics.unrecorded + speech.statistics.failures)
    json.member("lost_s", speech.lost / .seconds(1))
    json.member("dropped_s", speech.dropped / .seconds(1))
    json.member("overruns", speech.counters.overruns)
  }

  private func write(_ gate: AgentStatus.Gate, _ json: inout JSONWriter) {
    json.member("name", gate.name)
    json.member("pipeline", gate.pipeline)
    json.member("state", gate.link.word)
    if let reason = gate.link.trouble { json.member("reason", reason) }
    json.member("passes", gate.passes)
    json.member("rejects", gate.rejects)
    json.member("unplaced", gate.unplaced)
    json.member("failed", gate.failed)
  }

  private func writeOutbox(_ json: inout JSONWriter) {
    let outbox = status.outbox
    json.member("waiting", outbox.waiting)
    json.member("bytes", outbox.bytes)
    json.member("limit_bytes", configuration.storage.outboxByteCount)
    json.member("unrecorded", status.unrecorded)
    json.member("accepted", outbox.accepted)
    json.member("delivered", outbox.delivered)
    json.member("refused", outbox.refused)
    json.member("evicted", outbox.evicted)
    json.member("last_commit_ms", outbox.lastCommit / .milliseconds(1))
    if let error = status.storageError { json.member("error", error) }
  }

  private func writeBroker(_ words: String, _ json: inout JSONWriter) {
    json.key("connected")
    json.boolean(status.isConnected)
    json.member("state", words)
    json.member("connections", status.brokerConnections)
  }

  private func writeMachine(_ json: inout JSONWriter) {
    let reading = status.machine.reading
    json.member(
      "temperatures",
      array: {
        for temperature in reading.temperatures {
          $0.object {
            $0.member("zone", temperature.zone)
            $0.member("celsius", temperature.celsius)
            if let critical = temperature.critical { $0.member("critical", critical) }
          }
        }
      })
    json.member(
      "memory",
      object: {
        if let own = ResidentMemory.read() {
          $0.member("resident_bytes", own.current)
          $0.member("peak_resident_bytes", own.peak)
        }
        if let available = reading.availableMemory { $0.member("available_bytes", available) }
        if let total = reading.totalMemory { $0.member("total_bytes", total) }
      })
    json.member("pressure_percent", object: { for (resource, pressure) in reading.pressures { $0.member(resource, pressure.some) } })
  }

  private func writeDegradation(_ json: inout JSONWriter) {
    json.member("step", status.machine.step)
    json.member("of", DegradationPolicy.mostSteps)
    json.member("reasons", array: { for reason in status.machine.reasons { $0.string(reason) } })
  }
}

extension AgentStatus {
  /// What a pipeline does or waits for, in a word.
  func state(of pipeline: Pipeline) -> String {
    switch cameras.first(where: { $0.name == pipeline.description.camera })?.state {
    case .ended: "ended"
    case _ where pipeline.isPaused: "paused"
    case .streaming: "running"
    default: "waiting"
    }
  }
}

extension CaptureCounters {
  /// Frames that never came to a pipeline, by reason.
  var losses: [(reason: String, count: UInt64)] {
    [("missed", missed), ("empty", empty), ("short", short), ("faulty", faulty), ("over_limit", overLimit), ("unreadable", unreadable)]
  }
}

extension PipelineStatistics.Snapshot {
  /// Frames of a run in which one of its own was, on average; nil where frames don't run together.
  var meanBatch: Double? { batched > 0 ? (Double(batchedFrames) / Double(batched) * 100).rounded() / 100 : nil }

  /// Frames that came and gave no result, by reason; not those that were left out on purpose.
  var drops: [(reason: String, count: UInt64)] { [("replaced", replaced), ("late", late), ("unusable", unusable), ("unrecorded", unrecorded)] }
}

extension MachineReading {
  /// Those that the kernel tells.
  var pressures: [(resource: String, pressure: Pressure)] {
    [("cpu", processorPressure), ("memory", memoryPressure), ("io", diskPressure)].compactMap { name, value in value.map { (name, $0) } }
  }
}
