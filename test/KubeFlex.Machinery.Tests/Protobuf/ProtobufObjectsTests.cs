using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Protobuf;

namespace KubeFlex.Machinery.Tests.Protobuf;

public sealed class ProtobufObjectsTests
{
    private static readonly ProtobufObjects Objects = new();

    // A message as a list of fields: number, then a number, a text or a nested message.
    private static byte[] Message(params (int Field, object Value)[] fields)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach (var (field, value) in fields)
        {
            if (value is long number)
            {
                writer.Write7BitEncodedInt64(field << 3);
                writer.Write7BitEncodedInt64(number);
                continue;
            }
            var bytes = value as byte[] ?? Encoding.UTF8.GetBytes((string)value);
            writer.Write7BitEncodedInt64(field << 3 | 2);
            writer.Write7BitEncodedInt(bytes.Length);
            writer.Write(bytes);
        }
        return stream.ToArray();
    }

    private static byte[] Envelope(string apiVersion, string kind, byte[] message) =>
        [.. "k8s\0"u8, .. Message((1, Message((1, apiVersion), (2, kind))), (2, message), (3, ""), (4, ""))];

    private static JsonObject Read(string type, byte[] body) => Objects.Read(body, type, "Thing").Value.Object;

    private static void IsJson(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}\nactual   {actual?.ToJsonString()}");

    [Fact]
    public void What_kubectl_sends_for_create_namespace()
    {
        byte[] sent = Convert.FromHexString("6b3873000a0f0a02763112094e616d65737061636512190a110a01781200" + "1a0022002a00320038004200" + "12001a020a001a002200");
        IsJson("""{"metadata":{"name":"x"},"spec":{},"status":{},"apiVersion":"v1","kind":"Namespace"}""",
            Drop(Read("io.k8s.api.core.v1.Namespace", sent), "creationTimestamp"));
    }

    private static JsonObject Drop(JsonObject obj, string member)
    {
        (obj["metadata"] as JsonObject)?.Remove(member);
        return obj;
    }

    [Fact]
    public void Zero_of_a_pointer_stays_and_zero_of_a_value_goes()
    {
        // replicas is *int32, minReadySeconds int32, paused bool, revisionHistoryLimit *int32.
        var spec = Message((1, 0L), (5, 0L), (6, 0L), (7, 0L));
        IsJson("""{"replicas":0,"revisionHistoryLimit":0}""", Read("io.k8s.api.apps.v1.Deployment", Envelope("apps/v1", "Deployment", Message((2, spec))))["spec"]);
    }

    [Fact]
    public void Types_that_marshal_themselves()
    {
        var port = Message((1, "http"), (2, "TCP"), (3, 80L), (4, Message((1, 1L), (2, 0L), (3, "web"))));
        var number = Message((3, 81L), (4, Message((1, 0L), (2, 8081L), (3, ""))));
        IsJson("""[{"name":"http","protocol":"TCP","port":80,"targetPort":"web"},{"port":81,"targetPort":8081}]""",
            Read("io.k8s.api.core.v1.Service", Envelope("v1", "Service", Message((2, Message((1, port), (1, number))))))["spec"]!["ports"]);
        var quota = Message((1, Message((1, "cpu"), (2, Message((1, "500m"))))), (1, Message((1, "pods"), (2, Message((1, "2"))))));
        IsJson("""{"cpu":"500m","pods":"2"}""", Read("io.k8s.api.core.v1.ResourceQuota", Envelope("v1", "ResourceQuota", Message((2, quota))))["spec"]!["hard"]);
        var lease = Message((2, 15L), (3, Message((1, 1767225600L), (2, 123456000L))));
        IsJson("""{"leaseDurationSeconds":15,"acquireTime":"2026-01-01T00:00:00.123456Z"}""", Read("io.k8s.api.coordination.v1.Lease", Envelope("coordination.k8s.io/v1", "Lease", Message((2, lease))))["spec"]);
        IsJson("""{"k":"djE="}""", Read("io.k8s.api.core.v1.Secret", Envelope("v1", "Secret", Message((2, Message((1, "k"), (2, "v1"))))))["data"]);
        IsJson("""{"a":"","b":"c"}""", Read("io.k8s.api.core.v1.ConfigMap", Envelope("v1", "ConfigMap", Message((2, Message((1, "a"))), (2, Message((1, "b"), (2, "c"))))))["data"]);
        IsJson("""{"x":[1]}""", Read("io.k8s.api.apps.v1.ControllerRevision", Envelope("apps/v1", "ControllerRevision", Message((2, Message((1, """{"x":[1]}"""))), (3, 1L))))["data"]);
    }

    [Fact]
    public void Embedded_structs_and_renamed_members_stand_where_json_has_them()
    {
        // Volume 1 name, 2 volumeSource (inline), of which 1 hostPath {1 path}.
        var pod = Message((2, Message((1, Message((1, "v"), (2, Message((1, Message((1, "/tmp"))))))))));
        IsJson("""[{"name":"v","hostPath":{"path":"/tmp"}}]""", Read("io.k8s.api.core.v1.Pod", Envelope("v1", "Pod", pod))["spec"]!["volumes"]);
        var definition = Message((38, 1L), (41, "map"), (9, 0L), (27, Message((2, Message((5, "string"))))));
        var schema = Read("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps", Envelope("v1", "JSONSchemaProps", definition));
        Assert.True((bool)schema["x-kubernetes-preserve-unknown-fields"]!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("6b3873")]
    [InlineData("6b3873000a")]
    [InlineData("6b38730012050affffffff0f")]
    [InlineData("6b387300120a0affffffffffffffff7f00")]
    [InlineData("6b38730012030a01ff")]
    public void What_is_malformed_is_a_bad_request(string hex)
    {
        var error = Objects.Read(Convert.FromHexString(hex), "io.k8s.api.core.v1.Namespace", "Namespace").Error;
        Assert.Equal(400, error?.Code);
        Assert.Contains("must be of type Namespace", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Noise_is_read_or_refused_and_never_breaks_the_reader()
    {
        const int Seed = 20260101;
        var random = new Random(Seed);
        var good = Envelope("v1", "Pod", Message((1, Message((1, "p"), (11, Message((1, "k"), (2, "v"))))), (2, Message((2, Message((1, "c"), (6, Message((1, "h"), (3, 80L)))))))));
        for (var i = 0; i < 20_000; i++)
        {
            var body = (byte[])good.Clone();
            for (var changes = random.Next(1, 6); changes > 0; changes--) body[random.Next(4, body.Length)] = (byte)random.Next(256);
            var result = Objects.Read(body.AsSpan(0, random.Next(4, body.Length + 1)), "io.k8s.api.core.v1.Pod", "Pod");
            Assert.True(result.Error is null or { Code: 400 }, $"seed {Seed}, turn {i}");
        }
    }
}
