/** What several views are given. */
import type { ConversationModel, ConversationState } from "../view-models/conversation";
import type { HomeModel, HomeState } from "../view-models/home";
import type { RoomSummary } from "../view-models/types";

export interface HomeProps {
  readonly home: HomeModel;
  readonly state: HomeState;
}

export interface TimelineProps {
  readonly home: HomeModel;
  readonly room: RoomSummary;
  readonly conversation: ConversationModel;
  readonly state: ConversationState;
}
