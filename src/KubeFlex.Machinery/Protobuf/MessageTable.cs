using System.IO.Compression;

namespace KubeFlex.Machinery.Protobuf;

/// <summary>A field of a message.</summary>
internal sealed record MessageField(string Name, FieldForm Form, Message? Message);

/// <summary>A message: its fields by number.</summary>
internal sealed class Message(string name, MessageForm form)
{
    public string Name => name;
    public MessageForm Form => form;
    public Dictionary<int, MessageField> Fields { get; } = [];
}

/// <summary>The messages of all built-in kinds. Read from the embedded file when the first protobuf body arrives.</summary>
internal sealed class MessageTable
{
    private readonly Dictionary<string, Message> byName;

    private MessageTable(Dictionary<string, Message> byName) => this.byName = byName;

    /// <summary>The message of a published type, or null.</summary>
    public Message? Find(string typeName) => byName.GetValueOrDefault(typeName);

    public static MessageTable Load()
    {
        using var file = typeof(MessageTable).Assembly.GetManifestResourceStream(MessageFormat.FileName)
            ?? throw new InvalidOperationException($"The embedded resource {MessageFormat.FileName} is missing.");
        using var reader = new BinaryReader(new BrotliStream(file, CompressionMode.Decompress));
        var messages = new Message[reader.Read7BitEncodedInt()];
        var fields = new (int Number, string Name, FieldForm Form, int Message)[messages.Length][];
        for (var i = 0; i < messages.Length; i++)
        {
            messages[i] = new Message(reader.ReadString(), (MessageForm)reader.Read7BitEncodedInt());
            fields[i] = new (int, string, FieldForm, int)[reader.Read7BitEncodedInt()];
            for (var f = 0; f < fields[i].Length; f++)
            {
                var (number, name, form) = (reader.Read7BitEncodedInt(), reader.ReadString(), (FieldForm)reader.Read7BitEncodedInt());
                fields[i][f] = (number, name, form, (form & FieldForm.Mask) == FieldForm.Message ? reader.Read7BitEncodedInt() : -1);
            }
        }
        // Messages refer to each other in any order, themselves included.
        for (var i = 0; i < messages.Length; i++)
            foreach (var (number, name, form, message) in fields[i])
                messages[i].Fields.Add(number, new MessageField(name, form, message < 0 ? null : messages[message]));
        return new MessageTable(messages.ToDictionary(m => m.Name, StringComparer.Ordinal));
    }
}
