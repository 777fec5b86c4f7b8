using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;

namespace KubeFlex.StandIn;

/// <summary>The two calls of etcd's API that a kube-apiserver lives by, written by hand: create a key that is not there, read a range.</summary>
internal sealed class EtcdClient : IDisposable
{
    private readonly HttpClient http;

    public EtcdClient(Flags flags)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(flags["etcd-cafile"]);
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPemFile(flags["etcd-certfile"], flags["etcd-keyfile"])];
        http = new HttpClient(handler) { BaseAddress = new Uri(flags["etcd-servers"]) };
    }

    /// <summary>etcdserverpb.TxnRequest { compare { result: EQUAL, target: CREATE, key, create_revision: 0 }, success { request_put { key, value } } }; false when the key is there.</summary>
    public async Task<bool> CreateAsync(string key, string value)
    {
        var compare = Message(o =>
        {
            Number(o, 2, 1);
            Text(o, 3, key);
            Number(o, 5, 0);
        });
        var put = Message(o =>
        {
            Text(o, 1, key);
            Text(o, 2, value);
        });
        var answer = await CallAsync("KV/Txn", Message(o =>
        {
            Bytes(o, 1, compare);
            Bytes(o, 2, Message(p => Bytes(p, 2, put)));
        }));
        // TxnResponse.succeeded = 2
        return Fields(answer).Any(f => f.Field == 2 && f.Number == 1);
    }

    /// <summary>etcdserverpb.RangeRequest { key: prefix, range_end: prefix + 1 }; keys and values.</summary>
    public async Task<IReadOnlyList<(string Key, string Value)>> ListAsync(string prefix)
    {
        var answer = await CallAsync("KV/Range", Message(o =>
        {
            Text(o, 1, prefix);
            Text(o, 2, prefix[..^1] + (char)(prefix[^1] + 1));
        }));
        // RangeResponse.kvs = 2; KeyValue.key = 1, value = 5
        return [.. Fields(answer).Where(f => f.Field == 2).Select(f => Fields(f.Bytes).ToList()).Select(kv => (Of(kv, 1), Of(kv, 5)))];
    }

    public void Dispose() => http.Dispose();

    private async Task<byte[]> CallAsync(string method, byte[] message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/etcdserverpb." + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.Add("te", "trailers");
        using var response = await http.SendAsync(request);
        var body = await response.Content.ReadAsByteArrayAsync();
        var status = response.TrailingHeaders.TryGetValues("grpc-status", out var code) ? code.Single() : response.Headers.TryGetValues("grpc-status", out code) ? code.Single() : "none";
        return status == "0" ? body[5..] : throw new InvalidDataException($"etcd answers {method} with status {status}");
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var memory = new MemoryStream();
        using var output = new CodedOutputStream(memory);
        write(output);
        output.Flush();
        return memory.ToArray();
    }

    private static void Number(CodedOutputStream o, int field, long value)
    {
        o.WriteTag(field, WireFormat.WireType.Varint);
        o.WriteInt64(value);
    }

    private static void Text(CodedOutputStream o, int field, string value)
    {
        o.WriteTag(field, WireFormat.WireType.LengthDelimited);
        o.WriteString(value);
    }

    private static void Bytes(CodedOutputStream o, int field, byte[] value)
    {
        o.WriteTag(field, WireFormat.WireType.LengthDelimited);
        o.WriteBytes(ByteString.CopyFrom(value));
    }

    private static IEnumerable<(int Field, long Number, byte[] Bytes)> Fields(byte[] message)
    {
        var input = new CodedInputStream(message);
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            var field = WireFormat.GetTagFieldNumber(tag);
            switch (WireFormat.GetTagWireType(tag))
            {
                case WireFormat.WireType.Varint:
                    yield return (field, input.ReadInt64(), []);
                    break;
                case WireFormat.WireType.LengthDelimited:
                    yield return (field, 0, input.ReadBytes().ToByteArray());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    private static string Of(List<(int Field, long Number, byte[] Bytes)> fields, int field) => System.Text.Encoding.UTF8.GetString(fields.Find(f => f.Field == field).Bytes ?? []);
}
