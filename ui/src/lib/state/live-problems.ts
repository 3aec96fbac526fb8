import type { AppError } from "../backend/types";
import type { IconName } from "../components/icons";

export interface Problem {
  icon: IconName;
  title: string;
  /** Which ways out make sense. */
  offers: readonly ("retry" | "replay" | "settings")[];
}

const RETRY = ["retry", "replay"] as const;

/** How the screen shows an error, by its code; the message and the next step come with the error itself. */
export function describeProblem(error: AppError): Problem {
  const { code } = error;
  if (code === "camera.none" || code === "camera.not_found") {
    return { icon: "camera-off", title: "No camera", offers: RETRY };
  }
  if (code === "camera.denied") {
    return { icon: "lock", title: "No access to the camera", offers: RETRY };
  }
  if (code === "camera.busy") {
    return { icon: "camera-off", title: "The camera is in use", offers: RETRY };
  }
  if (code === "camera.lost") {
    return { icon: "plug", title: "The camera is gone", offers: RETRY };
  }
  if (code.startsWith("camera.")) {
    return { icon: "camera-off", title: "The camera does not work", offers: RETRY };
  }
  if (code.startsWith("replay.")) {
    return { icon: "replay", title: "This cannot be replayed", offers: ["replay", "retry"] };
  }
  if (code.startsWith("bundle.") || code.startsWith("model.")) {
    return { icon: "box", title: "No model", offers: ["settings", "retry"] };
  }
  return { icon: "warning", title: "This did not work", offers: ["retry", "settings"] };
}
