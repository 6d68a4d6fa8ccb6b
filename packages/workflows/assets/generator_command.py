

def save_images(file: Path, images: np.ndarray) -> None:
    """Images [N, H, W, channels] in [0, 1]: as they are in a .npy, eight in a row in a .png. Whole, or not at all."""
    part = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with part.open("xb") as target:
            if file.suffix == ".npy":
                np.save(target, images)
            else:
                save_sheet(target, images)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def save_sheet(target: BinaryIO, images: np.ndarray) -> None:
    from PIL import Image

    columns = min(8, len(images))
    filled = np.pad(images, [(0, -len(images) % columns), (0, 0), (0, 0), (0, 0)])
    rows = [np.concatenate(list(filled[i : i + columns]), axis=1) for i in range(0, len(filled), columns)]
    Image.fromarray((np.concatenate(rows) * 255).round().astype(np.uint8).squeeze()).save(target, "PNG")


def read_noise(file: Path, shape: tuple[int, int]) -> Tensor:
    """Finite numbers [N, n, C] of a .npy; ValueError says what they are instead."""
    try:
        noise = np.load(file)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"--noise cannot be read ({error}): name a .npy with numbers.") from error
    is_noise = isinstance(noise, np.ndarray) and noise.dtype.kind in "fiu" and noise.ndim == 3
    if not is_noise or noise.shape[1:] != shape or len(noise) == 0 or not np.isfinite(noise).all():
        raise ValueError(f"The noise has to be finite numbers [N, {shape[0]}, {shape[1]}].")
    return torch.from_numpy(noise.astype(np.float32))


def main(model_class: type[ImageModel]) -> None:
    """The command; a sentence and code 2 for options that do not fit, 1 for a folder that is not what it was."""
    pillow = importlib.util.find_spec("PIL") is not None
    parser = argparse.ArgumentParser(description="Draws images with the one-step generator of this folder.")
    option = parser.add_argument
    option("--class", dest="classes", type=int, nargs="+", help="classes in turn (default: all)")
    option("--count", type=int, help="images (default: 16)")
    option("--seed", type=int, help="of the noise (default: 0)")
    option("--noise", type=Path, help=".npy with noise [N, n, C] in place of a count and a seed")
    option("--guidance", type=float, help="guidance scale, where the generator takes one")
    option("--steps", type=int, default=1, help="network evaluations of an image (default: 1)")
    snapping = "replace code vectors by the nearest codes (default: where the model says so)"
    option("--snap", action=argparse.BooleanOptionalAction, default=None, help=snapping)
    option("--device", default="cpu", help="device of PyTorch (default: cpu)")
    default = Path("images.png" if pillow else "images.npy")
    option("--out", type=Path, default=default, help=f".png, with Pillow, or .npy (default: {default})")
    given = parser.parse_args()

    def refuse(when: bool, sentence: str) -> None:
        if when:
            parser.error(sentence)

    counted = given.count is not None or given.seed is not None
    refuse(given.noise is not None and counted, "With --noise leave --count and --seed out.")
    refuse(given.count is not None and given.count < 1, "--count is 1 or more.")
    refuse(given.out.suffix not in (".png", ".npy"), "--out is a .png or a .npy.")
    parent = given.out.absolute().parent
    refuse(not parent.is_dir(), f"There is no folder {parent}: make it, or name another.")
    refuse(not 0 <= (given.seed or 0) < 2**63, "--seed is 0 to 2^63 - 1.")
    refuse(given.out.suffix == ".png" and not pillow, "A .png needs Pillow: install it, or name a .npy.")
    try:
        model = model_class.from_pretrained(Path(__file__).parent)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"Error: the model of this folder cannot be read ({error}).")
    classes, limits = given.classes or range(model.num_classes), model.generator.guidance
    refuse(any(not 0 <= label < model.num_classes for label in classes), f"Classes are 0 to {model.num_classes - 1}.")
    refuse(given.guidance is not None and limits is None, "This generator takes no guidance scale: leave it out.")
    if given.guidance is not None and limits is not None:
        refuse(not limits[0] <= given.guidance <= limits[1], f"--guidance is from {limits[0]} to {limits[1]}.")
    counts = model.generator.step_counts
    refuse(given.steps not in counts, f"--steps of this generator is {' or '.join(map(str, counts))}.")
    try:
        model.to(given.device)
        if given.noise:
            noise = read_noise(given.noise, model.generator.noise_shape)
        else:
            noise = model.noise(16 if given.count is None else given.count, given.seed or 0)
    except (ValueError, RuntimeError, AssertionError) as error:
        parser.error(str(error).splitlines()[0])
    labels = torch.tensor([classes[i % len(classes)] for i in range(len(noise))])
    scales = None if given.guidance is None else torch.full((len(noise),), given.guidance)
    parts = []
    for batch in torch.arange(len(noise)).split(64):
        inputs = [every if every is None else every[batch].to(given.device) for every in (noise, labels, scales)]
        parts.append(model(*inputs, snap=given.snap, steps=given.steps).cpu())
    save_images(given.out, torch.cat(parts).permute(0, 2, 3, 1).numpy())
    print(f"{len(noise)} images: {given.out}")
