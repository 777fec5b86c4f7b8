using KubeFlex.ImageBuilder;

[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

const string Usage = """
    ImageBuilder --output FILE.tar --name REPOSITORY:TAG [--arch amd64] [--user 65532:65532] [--entrypoint PROGRAM]... [--cmd ARG]... [--env NAME=VALUE]... --layer DIRECTORY=/PATH...
    Writes a container image without a container engine: an OCI image layout, and a Docker archive at the same time, in one tar file.
    The same input gives the same bytes; $SOURCE_DATE_EPOCH sets the time of everything in it.
    """;

var single = new Dictionary<string, string>(StringComparer.Ordinal);
var (entrypoint, command, environment, layers) = (new List<string>(), new List<string>(), new List<string>(), new List<LayerSource>());
for (var i = 0; i < args.Length; i += 2)
{
    if (i + 1 >= args.Length) return Fail($"{args[i]} needs a value");
    var value = args[i + 1];
    switch (args[i])
    {
        case "--output" or "--name" or "--arch" or "--user": single[args[i]] = value; break;
        case "--entrypoint": entrypoint.Add(value); break;
        case "--cmd": command.Add(value); break;
        case "--env": environment.Add(value); break;
        case "--layer":
            if (value.Split('=', 2) is not [var source, ['/', ..] at] || !Directory.Exists(source)) return Fail($"--layer {value}: expected an existing directory, =, and a path from the root");
            layers.Add(new LayerSource(source, at));
            break;
        default: return Fail($"unknown argument {args[i]}");
    }
}
if (!single.TryGetValue("--output", out var output) || !single.TryGetValue("--name", out var name) || layers.Count == 0) return Fail("--output, --name and --layer are required");
if (name.LastIndexOf(':') <= name.LastIndexOf('/')) return Fail($"--name {name}: expected REPOSITORY:TAG");

var epoch = long.TryParse(Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"), out var seconds) ? seconds : 0;
var image = new Image(name, single.GetValueOrDefault("--arch", "amd64"), single.GetValueOrDefault("--user", "65532:65532"), entrypoint, command, environment, layers, DateTimeOffset.FromUnixTimeSeconds(epoch));
var digest = ImageArchive.Write(image, output);
Console.WriteLine($"{name}@{digest} {output}");
return 0;

static int Fail(string why)
{
    Console.Error.WriteLine($"ImageBuilder: {why}\n{Usage}");
    return 2;
}
