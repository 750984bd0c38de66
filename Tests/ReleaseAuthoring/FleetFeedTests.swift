import Foundation
import MQTTTransport
@testable import ReleaseAuthoring
import TestBroker
import Testing

@Suite(.enabled(if: RealBroker.isAvailable, "no mosquitto is installed"), .timeLimit(.minutes(2))) struct FleetFeedTests {
  private static let topic = "swiftlet/v1/plant-a/top/models"

  private func publish(_ text: String, to broker: RealBroker) throws {
    let session = try BrokerSession(TestRelease.settings(broker))
    try session.publish([(Self.topic, Array(text.utf8))])
    session.close()
  }

  @Test func `what was retained, what comes, and what comes over the next connection is seen, until it is stopped`() throws {
    let broker = try RealBroker()
    try publish("one", to: broker)
    let (feed, settings) = (FleetFeed(patience: .milliseconds(50)), try TestRelease.settings(broker))
    let (seen, troubles, ended) = (Recorder<String>(), Recorder<ReleaseError.Code>(), Recorder<Bool>())
    Thread.detachNewThread {
      feed.follow(settings) { _, messages throws(ReleaseError) in
        for (topic, payload) in messages where topic == Self.topic { seen.append(String(decoding: payload, as: UTF8.self)) }
        // What goes wrong with one look doesn't end the watch.
        if seen.all.last == "two", troubles.all.isEmpty { throw ReleaseError(.untrusted, "for once") }
      } onTrouble: {
        troubles.append($0.code)
      }
      ended.append(true)
    }
    #expect(seen.wait { $0 == ["one"] })
    try publish("two", to: broker)
    #expect(troubles.wait { $0 == [.untrusted] })
    broker.kill()
    #expect(troubles.wait { $0.contains(.broker) })
    try broker.start()
    try publish("three", to: broker)
    #expect(seen.wait { $0.last == "three" })
    feed.stop()
    #expect(ended.wait { !$0.isEmpty })
  }

  @Test func `who may only read sees the fleet, too, and is refused when it writes`() throws {
    var options = RealBroker.Options()
    options.user = ("reader", "r")
    options.moreUsers = [("writer", "w")]
    options.accessList = ["user reader", "topic read swiftlet/v1/#", "user writer", "topic readwrite swiftlet/v1/#"]
    let broker = try RealBroker(options)
    func session(_ name: String, _ password: String) throws -> BrokerSession {
      var settings = try TestRelease.settings(broker)
      (settings.username, settings.password) = (name, password)
      return try BrokerSession(settings, quiet: .milliseconds(200))
    }
    let (writer, reader, feed) = (try session("writer", "w"), try session("reader", "r"), FleetFeed())
    defer { for session in [writer, reader] { session.close() } }
    try writer.publish([(Self.topic, Array("one".utf8))])
    try reader.follow([Self.topic], into: feed)
    let seen = feed.take(within: .seconds(30)).map(\.payload)
    #expect(seen == [Array("one".utf8)])
    let error = #expect(throws: ReleaseError.self) { try reader.publish([(Self.topic, [1])]) }
    #expect(error?.message.contains("refuses \(Self.topic)") == true, "\(error?.message ?? "")")
  }

  @Test func `thousands of devices are all seen`() throws {
    let broker = try RealBroker()
    let session = try BrokerSession(TestRelease.settings(broker))
    try session.publish((0..<4000).map { ("swiftlet/v1/plant-a/device-\($0)/models", Array("{}".utf8)) })
    session.close()
    let (feed, seen) = (FleetFeed(), Recorder<Int>())
    feed.follow(try TestRelease.settings(broker)) { _, messages throws(ReleaseError) in
      seen.append(messages.count)
      feed.stop()
    } onTrouble: { _ in
    }
    #expect(seen.all == [4000])
  }
}
