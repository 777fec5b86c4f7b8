using System.Text;

namespace KubeFlex.Machinery.Tests.OpenApi;

/// <summary>Takes a protobuf message apart, knowing nothing of its type.</summary>
internal sealed class ProtobufReader
{
    private readonly List<(int Field, byte[] Bytes)> fields = [];

    public static ProtobufReader Read(byte[] bytes)
    {
        var message = new ProtobufReader();
        for (var at = 0; at < bytes.Length;)
        {
            var key = Varint(bytes, ref at);
            switch (key & 7)
            {
                case 0: message.fields.Add(((int)(key >> 3), [(byte)Varint(bytes, ref at)])); break;
                case 1: at += 8; break;
                case 2:
                    var length = (int)Varint(bytes, ref at);
                    message.fields.Add(((int)(key >> 3), bytes[at..(at + length)]));
                    at += length;
                    break;
                default: throw new InvalidDataException($"wire type {key & 7}");
            }
        }
        return message;
    }

    public IEnumerable<string> Texts(int field) => fields.Where(f => f.Field == field).Select(f => Encoding.UTF8.GetString(f.Bytes));
    public string Text(int field) => Texts(field).Single();
    public IEnumerable<ProtobufReader> Messages(int field) => fields.Where(f => f.Field == field).Select(f => Read(f.Bytes));
    public ProtobufReader Message(int field) => Messages(field).Single();

    /// <summary>A map as gnostic writes it: a list of messages with a name and a value.</summary>
    public Dictionary<string, ProtobufReader> Named(int field) => Messages(field).ToDictionary(m => m.Text(1), m => m.Message(2));

    private static ulong Varint(byte[] bytes, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = bytes[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
        }
    }
}
