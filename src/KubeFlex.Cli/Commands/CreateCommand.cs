using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Commands;

/// <summary>Creates a control plane, waits until it is ready and makes it the current context.</summary>
internal sealed class CreateCommand : Verb
{
    private readonly Argument<string?> name = new("name") { Description = "Name of the control plane; may stand in the manifest instead.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> type = new("--type", "-t") { Description = $"What the tenant gets: {string.Join(", ", ControlPlaneNames.Types)}. Default: k8s", HelpName = "type" };
    private readonly Option<string?> backend = new("--backend-type", "--backend", "-b") { Description = "Datastore: shared or dedicated. Default: shared", HelpName = "backend" };
    private readonly Option<string?> runtime = new("--runtime") { Description = $"What runs it: {string.Join(", ", ControlPlaneNames.Runtimes)}. The operator decides when this is left out.", HelpName = "runtime" };
    private readonly Option<string?> version = new("--version") { Description = "Kubernetes version, where stock images or binaries run it.", HelpName = "version" };
    private readonly NamesOption<string?> file = new("--file", NameKind.File, "-f") { Description = "A manifest to create it from (- for stdin); other options change what it says.", HelpName = "file" };
    private readonly HookArguments hooks = new();
    private readonly Option<string> wait = new("--wait") { Description = "What to wait for before switching to it: ready, hooks, or none (then the context stays).", HelpName = "what", DefaultValueFactory = _ => "ready" };
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromMinutes(10), "How long to wait.");
    private readonly Option<string?> output = new("--output", "-o") { Description = "Print the control plane: json, yaml or name.", HelpName = "format" };

    public CreateCommand(CliApp app) : base(app, "create", "Create a control plane and switch to it.")
    {
        output.AcceptOnlyFromAmong("json", "yaml", "name");
        type.CompletionSources.Add(ControlPlaneNames.Types);
        backend.CompletionSources.Add("shared", "dedicated");
        runtime.CompletionSources.Add(ControlPlaneNames.Runtimes);
        wait.CompletionSources.Add("ready", "hooks", "none");
        Add(name);
        Add(type);
        Add(backend);
        Add(runtime);
        Add(version);
        hooks.AddTo(this);
        Add(file);
        Add(wait);
        Add(timeout);
        Add(output);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var until = WaitFor(parse.GetValue(wait)!);
        var document = parse.GetValue(file) is { } path ? await Manifest.ReadAsync(path, session.Host, cancellation) : Manifest.New("", []);
        var cp = Named(document, parse.GetValue(name), parse.GetValue(file));
        var named = WriteOptions(document["spec"]!.AsObject(), parse, until);
        var view = new ControlPlaneView(document);
        Check(session, view);

        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        await HookArguments.CheckExistAsync(hosting.Client, named, cancellation);
        if (until != "none") await session.Kubeconfigs.CheckWritableAsync(cancellation);
        var made = await CreateAsync(access, cp, document, cancellation);
        if (until == "none") session.Talk.Say($"Control plane {cp} is being made. Switch to it when it is Ready: kflex ctx {cp}");
        else
        {
            view = await access.WaitReadyAsync(cp, parse.GetValue(timeout), cancellation, hooks: until == "hooks");
            var context = await access.SwitchToAsync(view, cancellation);
            session.Talk.Done($"Control plane {cp} is ready, and {context} is the current context");
            made = view.Document;
        }
        await OutputFormats.WriteAsync(session.Host.Out, parse.GetValue(output), made);
        return ExitCodes.Ok;
    }

    /// <summary>The name given, or the manifest's; writes it into the document.</summary>
    private static string Named(JsonObject document, string? given, string? file)
    {
        var metadata = document["metadata"]!.AsObject();
        var written = ControlPlaneView.Text(metadata["name"]);
        if (given is { Length: > 0 } && written.Length > 0 && given != written)
            throw new CliException($"the command line says \"{given}\", the manifest {file} says \"{written}\"", ExitCodes.Usage, "Leave one of the two names out.");
        var name = given ?? written;
        if (name.Length == 0) throw new CliException("the argument 'name' is missing", ExitCodes.Usage, "For example: kflex create team-a");
        ControlPlaneNames.Check(name);
        metadata["name"] = name;
        return name;
    }

    private IReadOnlyList<string> WriteOptions(JsonObject spec, ParseResult parse, string until)
    {
        if (parse.GetValue(type) is { } kind) spec["type"] = kind;
        if (spec["type"] is null) spec["type"] = "k8s";
        if (parse.GetValue(backend) is { } store) spec["backend"] = store;
        if (spec["backend"] is null) spec["backend"] = "shared";
        if (parse.GetValue(runtime) is { } runs) spec["runtime"] = ControlPlaneNames.Runtime(runs);
        if (parse.GetValue(version) is { } kubernetes) spec["version"] = kubernetes;
        var named = hooks.WriteTo(spec, parse);
        if (until == "hooks") spec["waitForPostCreateHooks"] = true;
        return named;
    }

    private static void Check(CliSession session, ControlPlaneView view)
    {
        ControlPlaneNames.CheckType(view.Type);
        if (view.Backend is not ("shared" or "dedicated")) throw new CliException($"there is no backend \"{view.Backend}\"", ExitCodes.Usage, "The backends are: shared, dedicated");
        if (view.Type == "external" && view.Document["spec"]?["bootstrapSecretRef"] is null)
            throw new CliException("an external control plane exists already; it is adopted, not created", ExitCodes.Usage,
                $"Adopt it: kflex adopt {view.Name} --adopted-context CONTEXT. Or give a manifest with spec.bootstrapSecretRef.");
        if (view.Type == "ocm") session.Talk.Warn("type ocm is deprecated; run OCM inside a control plane of type vcluster");
        if (view.Type != "host") ControlPlaneAccess.CheckContextIsFree(session.Kubeconfigs.Load(), view.Name);
    }

    // true and false: what earlier versions of this option took.
    private static string WaitFor(string given) => given switch
    {
        "true" or "ready" => "ready",
        "false" or "none" => "none",
        "hooks" => "hooks",
        _ => throw new CliException($"\"{given}\" is nothing to wait for", ExitCodes.Usage, "Write --wait=ready, --wait=hooks or --wait=none"),
    };

    /// <summary>Creates the object. A server whose definition lacks a field refuses it; otherwise it would drop the field in silence.</summary>
    public static async Task<JsonObject> CreateAsync(ControlPlaneAccess access, string cp, JsonObject document, CancellationToken cancellation)
    {
        try
        {
            return await access.Hosting.Client.CreateAsync(Resources.ControlPlanes, document, cancellation, strict: true);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            throw new CliException($"control plane {cp} already exists on context \"{access.Hosting.Context}\"", ExitCodes.AlreadyExists, $"Switch to it: kflex ctx {cp}. Or remove it first: kflex delete {cp}");
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            throw access.NotInstalled();
        }
        catch (KubeApiException e) when (e.Message.Contains("unknown field", StringComparison.Ordinal))
        {
            throw new CliException($"{e.Message}; nothing was created", ExitCodes.Usage, "Correct the manifest's spelling. If the field is right, the definitions on the hosting context are older than this kflex: kflex init");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted, $"Control plane {cp} may or may not have been created. See: kflex list. Remove it: kflex delete {cp}");
        }
    }
}
